import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { contact, digest, Harness, NOW, unique, until } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());
afterEach(async () => {
  await harness.stopMailers();
  harness.smtp.script('accept');
});

describe('a notice', () => {
  it('is mailed to each of its recipients and is SENT', async () => {
    const [ada, ben] = [unique('ada'), unique('ben')];
    const notice = await harness.notice([contact(ada), contact(ben, { role: 'ADMIN' })]);
    await harness.start();
    await harness.publish(notice);
    await until(
      async () => (await harness.deliveriesOf(notice)).filter((d) => d.status === 'SENT').length === 2,
    );
    expect(await harness.statusOf(notice)).toEqual({ status: 'SENT', reason: null });
    for (const delivery of await harness.deliveriesOf(notice)) {
      expect(delivery).toMatchObject({ attempts: 1, sentAt: NOW, reason: null });
      const [raw, ...more] = harness.acceptedFor(delivery.recipient);
      expect(more).toHaveLength(0);
      const mail = await simpleParser(raw!);
      expect(mail.messageId).toBe(delivery.messageId);
      expect(mail.headers.get('x-notification-id')).toBe(notice.notificationId);
      expect(mail.subject).toBe('80% of your hourly chat limit reached · Example Bakery');
    }
  });

  it('moves the version of its account with every change of its row', async () => {
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
    // The first attempt, and its end.
    expect(await harness.versionOf(notice)).toBe(2);
  });

  it('is mailed once however often its record comes', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)]);
    await harness.start();
    await harness.publish(notice, notice);
    await harness.settled(notice, 'SENT');
    await harness.publish(notice);
    await harness.everythingBeforeIsDone();
    expect(harness.receivedFor(ada)).toHaveLength(1);
  });

  it('is mailed once by two mailers that both read its record', async () => {
    const notices = await Promise.all(
      Array.from({ length: 12 }, () => harness.notice([contact(unique('ada')), contact(unique('ben'))])),
    );
    await Promise.all([harness.start(), harness.start()]);
    await harness.publish(...notices);
    for (const notice of notices) {
      await until(
        async () => (await harness.deliveriesOf(notice)).filter((d) => d.status === 'SENT').length === 2,
      );
      for (const { recipient, attempts } of await harness.deliveriesOf(notice)) {
        expect([harness.receivedFor(recipient).length, attempts]).toEqual([1, 1]);
      }
    }
  });

  it('without anybody to be told is FAILED', async () => {
    const notice = await harness.notice([contact(unique('quiet'), { notify: false })]);
    await harness.start();
    await harness.publish(notice);
    expect(await harness.settled(notice, 'FAILED')).toEqual({ status: 'FAILED', reason: 'no-recipient' });
    expect(await harness.deliveriesOf(notice)).toEqual([]);
    expect(harness.failedNotices.map(({ notificationId }) => notificationId)).toContain(
      notice.notificationId,
    );
    expect(await harness.versionOf(notice)).toBe(1);
  });

  it('is not mailed to a malformed address, but to the others', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact('eve@example.com, mallory@example.com'), contact(ada)]);
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
    expect(await harness.deliveriesOf(notice)).toMatchObject([
      { recipient: ada, status: 'SENT' },
      {
        recipient: 'eve@example.com, mallory@example.com',
        status: 'FAILED',
        reason: 'invalid-address',
        attempts: 0,
      },
    ]);
    expect(harness.smtp.received.some(({ to }) => to.some((address) => /eve|mallory/.test(address)))).toBe(
      false,
    );
  });

  it('with malformed addresses alone is FAILED', async () => {
    const notice = await harness.notice([contact('nobody')]);
    await harness.start();
    await harness.publish(notice);
    expect((await harness.settled(notice, 'FAILED')).reason).toBe('invalid-address');
  });
});

describe('a notice that is no longer to be told', () => {
  it('is not mailed when it was cancelled before', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)]);
    // Its delivery is open, and the processor is quicker than the first attempt.
    await harness.pool.query(
      `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status)
       values ($1, $2, $3, $3, '', 'en', 'PENDING')`,
      [notice.accountId, notice.notificationId, ada],
    );
    await harness.pool.query(`update notifications set status = 'CANCELLED' where notification_id = $1`, [
      notice.notificationId,
    ]);
    await harness.start();
    await until(async () => (await harness.deliveriesOf(notice))[0]?.status === 'CANCELLED');
    expect(await harness.statusOf(notice)).toMatchObject({ status: 'CANCELLED' });
    expect(harness.receivedFor(ada)).toHaveLength(0);
  });

  it.each([
    ['window-ended', { windowKind: 'month', windowStart: NOW - 1_000, windowEnd: NOW }, {}],
    ['window-ended', { windowStart: NOW - 26 * 3_600_000, windowEnd: NOW - 25 * 3_600_000 }, {}],
    ['account-not-active', {}, { status: 'SUSPENDED' }],
    ['account-not-active', { kind: 'UPGRADE_INVITATION' }, { status: 'CLOSED' }],
  ] as const)('is SUPPRESSED with %s', async (reason, fields, account) => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)], fields, account);
    await harness.start();
    await harness.publish(notice);
    expect(await harness.settled(notice, 'SUPPRESSED')).toEqual({ status: 'SUPPRESSED', reason });
    expect(harness.receivedFor(ada)).toHaveLength(0);
    expect(await harness.versionOf(notice)).toBe(1);
  });

  it('is SUPPRESSED when its window ends between its record and its first attempt', async () => {
    const ada = unique('ada');
    const notice = await harness.notice([contact(ada)], { windowKind: 'month', windowEnd: NOW - 1 });
    await harness.pool.query(
      `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status)
       values ($1, $2, $3, $3, '', 'en', 'PENDING')`,
      [notice.accountId, notice.notificationId, ada],
    );
    await harness.start();
    expect((await harness.settled(notice, 'SUPPRESSED')).reason).toBe('window-ended');
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'CANCELLED', attempts: 0 }]);
    expect(harness.receivedFor(ada)).toHaveLength(0);
  });

  it.each(['MEASURE_NOTICE', 'CORRECTION'])('is mailed all the same when it is a %s', async (kind) => {
    const notice = await harness.notice(
      [contact(unique('ada'))],
      { kind, windowEnd: NOW - 1 },
      { status: 'CLOSED' },
    );
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
  });
});

describe('a retry', () => {
  it('sends identical bytes', async () => {
    const ada = unique('ada');
    harness.smtp.script({ afterDot: 451 }, { afterDot: 421 }, 'accept');
    const notice = await harness.notice([contact(ada)]);
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
    const received = harness.receivedFor(ada);
    expect(received).toHaveLength(3);
    expect(new Set(received.map(digest)).size).toBe(1);
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT', attempts: 3, reason: null }]);
  });

  it('sends the message of the first attempt, whatever has changed since', async () => {
    const ada = unique('ada');
    harness.smtp.forRecipient(ada, { afterDot: 451 });
    const notice = await harness.notice([contact(ada)]);
    await harness.start();
    await harness.publish(notice);
    await until(() => harness.receivedFor(ada).length > 0);
    await harness.pool.query(
      `update accounts set snapshot = jsonb_set(snapshot, '{company}', '"Renamed"') where account_id = $1`,
      [notice.accountId],
    );
    harness.smtp.forRecipient(ada, 'accept');
    await harness.settled(notice, 'SENT');
    const received = harness.receivedFor(ada);
    expect(received.length).toBeGreaterThan(1);
    expect(new Set(received.map(digest)).size).toBe(1);
  });

  it('is not judged again: the window may end after the first attempt', async () => {
    const ada = unique('ada');
    harness.smtp.forRecipient(ada, { recipient: 450 });
    const notice = await harness.notice([contact(ada)], { windowKind: 'month', windowEnd: NOW + 1 });
    await harness.start();
    await harness.publish(notice);
    await until(async () => ((await harness.deliveriesOf(notice))[0]?.attempts ?? 0) >= 1);
    harness.clock.nowMs = NOW + 1;
    harness.smtp.forRecipient(ada, 'accept');
    await harness.settled(notice, 'SENT');
    harness.clock.nowMs = NOW;
  });

  it('follows a connection that broke before the data', async () => {
    harness.smtp.script('drop-at-recipient', 'accept');
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ attempts: 2 }]);
  });

  it('follows silence before the data', async () => {
    harness.smtp.script('silent-at-recipient', 'accept');
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.start();
    await harness.publish(notice);
    await harness.settled(notice, 'SENT');
  });

  it.each([120_000, -120_000])(
    'is given the time to give up by the database, with a clock of the machine %d ms ahead',
    async (aheadMs) => {
      const { now } = Date;
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + aheadMs);
      try {
        harness.smtp.script(
          { recipient: 450 },
          { recipient: 450 },
          aheadMs > 0 ? 'accept' : { recipient: 450 },
        );
        const notice = await harness.notice([contact(unique('ada'))]);
        await harness.start({
          timing: { backoff: { firstMs: 30, maxMs: 30, giveUpAfterMs: aheadMs > 0 ? 60_000 : 500 } },
        });
        await harness.publish(notice);
        await harness.settled(notice, aheadMs > 0 ? 'SENT' : 'FAILED');
      } finally {
        clock.mockRestore();
      }
    },
  );

  it('ends after the time to give up', async () => {
    harness.smtp.script({ recipient: 450 });
    const notice = await harness.notice([contact(unique('ada'))]);
    await harness.start({ timing: { backoff: { firstMs: 30, maxMs: 30, giveUpAfterMs: 1_500 } } });
    await harness.publish(notice);
    expect(await harness.settled(notice, 'FAILED')).toEqual({ status: 'FAILED', reason: 'gave-up' });
    const [delivery] = await harness.deliveriesOf(notice);
    expect(delivery).toMatchObject({ status: 'FAILED', reason: 'gave-up' });
    expect(delivery!.attempts).toBeGreaterThan(2);
  });
});

describe('a refusal', () => {
  it.each([{ recipient: 550 }, { afterDot: 554 }])(
    '%j fails the delivery and is not repeated',
    async (behaviour) => {
      harness.smtp.script(behaviour);
      const notice = await harness.notice([contact(unique('ada'))]);
      await harness.start();
      await harness.publish(notice);
      expect(await harness.settled(notice, 'FAILED')).toEqual({ status: 'FAILED', reason: 'refused' });
      const [delivery] = await harness.deliveriesOf(notice);
      expect(delivery).toMatchObject({ status: 'FAILED', attempts: 1 });
      expect(delivery!.reason).toMatch(/^55\d .*scripted/);
      expect(harness.failedNotices.map(({ notificationId }) => notificationId)).toContain(
        notice.notificationId,
      );
    },
  );

  it('of one recipient leaves the other and the notice SENT', async () => {
    const [ada, ben] = [unique('ada'), unique('ben')];
    harness.smtp.forRecipient(ben, { recipient: 550 });
    const notice = await harness.notice([contact(ada), contact(ben)]);
    await harness.start();
    await harness.publish(notice);
    await harness.allSettled(notice, 2);
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'SENT' }, { status: 'FAILED' }]);
    expect((await harness.statusOf(notice)).status).toBe('SENT');
    expect(harness.failedNotices.map(({ notificationId }) => notificationId)).not.toContain(
      notice.notificationId,
    );
  });
});

describe('no answer after the data', () => {
  it('is UNKNOWN and never sent again by itself', async () => {
    const ada = unique('ada');
    harness.smtp.script('drop-after-dot', 'accept');
    const notice = await harness.notice([contact(ada)]);
    await harness.start();
    await harness.publish(notice);
    expect((await harness.settled(notice, 'UNKNOWN')).reason).toBe('no-answer');
    await harness.publish(notice);
    await harness.everythingBeforeIsDone();
    await harness.stopMailers();
    await harness.start();
    await harness.everythingBeforeIsDone();
    expect(harness.receivedFor(ada)).toHaveLength(1);
    expect(await harness.deliveriesOf(notice)).toMatchObject([{ status: 'UNKNOWN', attempts: 1 }]);
  });

  it('and another recipient taken makes the notice SENT', async () => {
    const [ada, ben] = [unique('ada'), unique('ben')];
    harness.smtp.forRecipient(ada, 'drop-after-dot');
    const notice = await harness.notice([contact(ada), contact(ben)]);
    await harness.start();
    await harness.publish(notice);
    await harness.allSettled(notice, 2);
    expect((await harness.statusOf(notice)).status).toBe('SENT');
  });
});
