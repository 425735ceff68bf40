import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { simpleParser } from 'mailparser';
import type pg from 'pg';
import { contact, Harness, unique, until, type Notification } from './harness.js';

let harness: Harness;
let holder: pg.PoolClient;
beforeAll(async () => {
  harness = await Harness.open();
  holder = await harness.pool.connect();
});
afterAll(async () => {
  holder.release();
  await harness.close();
});
afterEach(() => harness.stopMailers());

/** A notice whose delivery is open, as the intake leaves it. */
async function openNotice(address: string): Promise<Notification> {
  const notice = await harness.notice([contact(address)]);
  await harness.pool.query(
    `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status)
     values ($1, $2, $3, $3, '', 'en', 'PENDING')`,
    [notice.accountId, notice.notificationId, address],
  );
  return notice;
}

/** Changes something while a mailer that has written its mail waits for the lock of the account. */
async function changed(notice: Notification, statement: string): Promise<void> {
  await holder.query('begin');
  await holder.query('select from account_heads where account_id = $1 for update', [notice.accountId]);
  await harness.start();
  await until(async () => {
    const { rowCount } = await harness.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and query like '%join account_heads%for update%'`,
    );
    return (rowCount ?? 0) > 0;
  });
  await holder.query(statement, [notice.accountId]);
  await holder.query('commit');
}

describe('a mail that was written before its account was locked', () => {
  it('is written again when what it says has changed meanwhile', async () => {
    const ada = unique('ada');
    const notice = await openNotice(ada);
    await changed(
      notice,
      `update accounts set snapshot = jsonb_set(snapshot, '{company}', '"Renamed Bakery"') where account_id = $1`,
    );
    await harness.settled(notice, 'SENT');
    const [raw, ...more] = harness.receivedFor(ada);
    expect(more).toHaveLength(0);
    expect((await simpleParser(raw!)).subject).toBe('80% of your hourly chat limit reached · Renamed Bakery');
  });

  it('is not sent when its notice was cancelled meanwhile', async () => {
    const ada = unique('ada');
    const notice = await openNotice(ada);
    await changed(notice, `update notifications set status = 'CANCELLED' where account_id = $1`);
    await until(async () => (await harness.deliveriesOf(notice))[0]?.status === 'CANCELLED');
    await harness.everythingBeforeIsDone();
    expect(harness.receivedFor(ada)).toHaveLength(0);
  });

  it('is not sent when its account was closed meanwhile', async () => {
    const ada = unique('ada');
    const notice = await openNotice(ada);
    await changed(
      notice,
      `update accounts set snapshot = jsonb_set(snapshot, '{status}', '"CLOSED"') where account_id = $1`,
    );
    expect((await harness.settled(notice, 'SUPPRESSED')).reason).toBe('account-not-active');
    expect(harness.receivedFor(ada)).toHaveLength(0);
  });

  it('is the one that is kept and sent when nothing has changed', async () => {
    const ada = unique('ada');
    const notice = await openNotice(ada);
    await changed(notice, 'select $1::text');
    await harness.settled(notice, 'SENT');
    const [raw] = harness.receivedFor(ada);
    const { rows } = await harness.pool.query<{ raw: Buffer }>(
      'select raw from messages where account_id = $1',
      [notice.accountId],
    );
    expect(rows.map((row) => row.raw.equals(raw!))).toEqual([true]);
  });
});
