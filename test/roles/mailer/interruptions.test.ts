import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { contact, digest, Harness, unique, until, type Notification } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());
afterEach(async () => {
  harness.smtp.release();
  await harness.stopMailers();
  harness.smtp.script('accept');
});

const LONG = { connectionMs: 1_000, greetingMs: 1_000, socketMs: 20_000, attemptMs: 20_000 };

/** A delivery as a process leaves it that died in the middle of an attempt. */
async function abandon(notice: Notification, address: string, dataBegan: boolean): Promise<void> {
  await harness.pool.query(
    `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status,
       attempts, first_attempt_at, lease_until, data_began_at)
     values ($1, $2, $3, $3, '', 'en', 'SENDING', 1, now(), now() - interval '1 second',
       case when $4 then now() end)`,
    [notice.accountId, notice.notificationId, address, dataBegan],
  );
  await harness.pool.query('update notifications set attempted_at = now() where notification_id = $1', [
    notice.notificationId,
  ]);
}

describe('an attempt that was left by its process', () => {
  it('is repeated when its data had not begun', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)]);
    await abandon(notice, ada, false);
    await harness.start();
    await harness.settled(notice, 'SENT');
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT', attempts: 2 }]);
    expect(harness.receivedFor(ada)).toHaveLength(1);
  });

  it('is UNKNOWN when its data had begun', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)]);
    await abandon(notice, ada, true);
    const before = await harness.versionOf(notice);
    await harness.start();
    await harness.settled(notice, 'UNKNOWN');
    await harness.publish(notice);
    await harness.everythingBeforeIsDone();
    expect(harness.receivedFor(ada)).toHaveLength(0);
    expect(await harness.versionOf(notice)).toBe(before + 1);
  });
});

describe('an attempt that outlives its lease', () => {
  it('sends nothing when another mailer took the delivery over', async () => {
    const ada = unique('ada');
    harness.smtp.script('silent-at-recipient', 'accept');
    const notice = await harness.notice([contact(ada)]);
    await harness.start({ timing: { leaseMs: 200, smtp: LONG } });
    await harness.publish(notice);
    await until(() => harness.smtp.waiting() === 1);
    await harness.start();
    await harness.settled(notice, 'SENT');
    const lost = await harness.attemptsEnded('lost');
    harness.smtp.release();
    await until(async () => (await harness.attemptsEnded('lost')) > lost);
    expect(harness.receivedFor(ada)).toHaveLength(1);
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT', attempts: 2 }]);
  });

  it('turns UNKNOWN into SENT when its answer comes after all', async () => {
    const ada = unique('ada');
    harness.smtp.forRecipient(ada, 'silent-after-dot');
    const notice = await harness.notice([contact(ada)]);
    await harness.start({ timing: { leaseMs: 1_500, smtp: LONG } });
    await harness.publish(notice);
    await harness.settled(notice, 'UNKNOWN');
    harness.smtp.release();
    await harness.settled(notice, 'SENT');
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT', attempts: 1, reason: null }]);
    expect(harness.receivedFor(ada)).toHaveLength(1);
  });
});

describe('mails whose turn does not come', () => {
  it('are as they were before their claim: a notice can be cancelled, and is not sent', async () => {
    const rowsOf = async (notices: readonly Notification[]) => {
      const { rows } = await harness.pool.query<{ id: string; status: string; untouched: boolean }>(
        `select notification_id as id, d.status, attempts = 0 and first_attempt_at is null and d.message_id is null
           and attempted_at is null
           and not exists (select from messages m where m.account_id = d.account_id) as untouched
         from deliveries d join notifications n using (account_id, notification_id)
         where notification_id = any($1::uuid[])`,
        [notices.map(({ notificationId }) => notificationId)],
      );
      return rows;
    };
    harness.smtp.script('silent-at-recipient');
    const notices = await Promise.all(
      Array.from({ length: 4 }, () => harness.notice([contact(unique('ada'))])),
    );
    const before = await harness.attemptsEnded('not-begun');
    await harness.start({ concurrency: 1, timing: { turnMs: 300, smtp: LONG } });
    await harness.publish(...notices);
    await until(async () => (await harness.attemptsEnded('not-begun')) > before);
    await until(
      async () => (await rowsOf(notices)).filter(({ untouched }) => untouched).length === 3,
      async () => JSON.stringify(await rowsOf(notices)),
    );
    const waiting = (await rowsOf(notices)).filter(({ status }) => status === 'PENDING');
    const [cancelled] = notices.filter(({ notificationId }) => notificationId === waiting[0]!.id);
    // As the processor does after a plan change.
    const { rowCount } = await harness.pool.query(
      `update notifications set status = 'CANCELLED'
       where notification_id = $1 and status = 'PENDING' and attempted_at is null`,
      [cancelled!.notificationId],
    );
    expect(rowCount).toBe(1);
    harness.smtp.script('accept');
    for (const notice of notices.filter((one) => one !== cancelled)) {
      await until(async () => {
        // A connection that is used again is silent again.
        harness.smtp.release();
        return (await harness.statusOf(notice)).status === 'SENT';
      });
    }
    await until(async () => (await harness.deliveriesOf(cancelled!))[0]?.status === 'CANCELLED');
    expect((await harness.statusOf(cancelled!)).status).toBe('CANCELLED');
    const [delivery] = await harness.deliveriesOf(cancelled!);
    expect(harness.receivedFor(delivery!.recipient)).toHaveLength(0);
  });
});

describe('a shutdown', () => {
  it('waits for the answer to sent data', async () => {
    const ada = unique('ada');
    harness.smtp.forRecipient(ada, 'silent-after-dot');
    const notice = await harness.notice([contact(ada)]);
    const mailer = await harness.start({ timing: { smtp: LONG } });
    await harness.publish(notice);
    await until(() => harness.receivedFor(ada).length === 1);
    const stopped = mailer.stop();
    harness.smtp.release();
    await stopped;
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT' }]);
    expect((await harness.statusOf(notice)).status).toBe('SENT');
  });

  it('leaves UNKNOWN what got no answer in time', async () => {
    const ada = unique('ada');
    harness.smtp.forRecipient(ada, 'silent-after-dot');
    const notice = await harness.notice([contact(ada)]);
    const mailer = await harness.start({ timing: { shutdownMs: 150, smtp: LONG } });
    await harness.publish(notice);
    await until(() => harness.receivedFor(ada).length === 1);
    await mailer.stop();
    expect((await harness.statusOf(notice)).status).toBe('UNKNOWN');
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'UNKNOWN' }]);
  });

  it('gives back at once what was not sent yet, and the next mailer sends it', async () => {
    const ada = unique('ada');
    harness.smtp.script('silent-at-recipient', 'accept');
    const notice = await harness.notice([contact(ada)]);
    const mailer = await harness.start({ timing: { smtp: LONG } });
    await harness.publish(notice);
    await until(() => harness.smtp.waiting() === 1);
    await mailer.stop();
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'PENDING' }]);
    await harness.start();
    await harness.settled(notice, 'SENT');
    expect(harness.receivedFor(ada)).toHaveLength(1);
  });

  it('in the middle of many notices loses none and repeats none', async () => {
    const notices = await Promise.all(
      Array.from({ length: 40 }, () => harness.notice([contact(unique('ada'))])),
    );
    const groupId = `restarts-${Date.now()}`;
    await harness.publish(...notices);
    for (const sent of [5, 15, 25]) {
      const before = harness.smtp.accepted.length;
      await harness.start({ groupId });
      await until(() => harness.smtp.accepted.length >= before + Math.min(5, sent));
      await harness.stopMailers();
    }
    await harness.start({ groupId });
    for (const notice of notices) {
      await harness.settled(notice, 'SENT');
      const [delivery] = await harness.deliveriesOf(notice);
      expect(harness.receivedFor(delivery!.recipient)).toHaveLength(1);
    }
    expect(new Set(harness.smtp.received.map(({ raw }) => digest(raw))).size).toBe(
      harness.smtp.received.length,
    );
  });
});
