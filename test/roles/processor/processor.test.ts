import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InputLost } from '../../../src/roles/processor/inputLost.js';
import { until } from '../../support/until.js';
import { Platform, PARTITIONS } from './platform.js';

const CHATS = 'platform.chats.v1';
const ACCOUNTS = ['a1', 'a2', 'a3', 'a4', 'a5'];

describe('processors on a broker of their own', () => {
  let platform: Platform;
  const expected: Record<string, number> = {};
  beforeAll(async () => {
    platform = await Platform.start();
  }, 90_000);
  afterAll(async () => {
    await platform.stop();
  }, 60_000);

  async function chats(count: number): Promise<void> {
    for (const account of ACCOUNTS) {
      await platform.chats(account, count);
      expected[account] = (expected[account] ?? 0) + count;
    }
  }

  it('count exactly: two at once, the accounts spread over all partitions, one of them known late', async () => {
    for (const account of ACCOUNTS.slice(1)) await platform.account(account);
    await chats(150);
    const first = await platform.processor();
    await platform.processor();
    await chats(150);
    await platform.counted();
    const { a1, ...others } = expected;
    expect(await platform.used()).toEqual(others);
    await platform.account('a1');
    await platform.counted();
    await until(async () => (await platform.used())['a1'] === a1);
    expect(await platform.used()).toEqual(expected);
    const { rows } = await platform.pool.query('select 1 from parked_events');
    expect(rows).toEqual([]);
    expect(first.problem()).toBeNull();
  }, 120_000);

  it('go on where the database is: one stops in the middle, another joins, Kafka forgets the offsets', async () => {
    const third = await platform.processor();
    await chats(100);
    await platform.stopOne(third);
    await chats(100);
    await platform.counted();
    await platform.stopAll();
    await platform.admin.setOffsets({
      groupId: 'fair-use-processor',
      topic: CHATS,
      partitions: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, offset: '0' })),
    });
    await chats(50);
    await platform.processor();
    await platform.counted();
    expect(await platform.used()).toEqual(expected);
    expect(platform.fatal).toEqual([]);
  }, 120_000);

  it('wait for a lock that somebody holds, however long, and go on', async () => {
    await platform.stopAll();
    // As an administrator may have set it: whoever waits for a lock gives up soon, again and again.
    const { rows } = await platform.pool.query<{ name: string }>('select current_database() as name');
    const name = rows[0]?.name ?? '';
    await platform.pool.query(`alter database ${name} set lock_timeout = '20ms'`);
    await platform.reconnect();
    const holder = await platform.pool.connect();
    await holder.query('begin; select from account_heads for update');
    try {
      const processor = await platform.processor();
      await chats(1);
      await until(() => processor.problem()?.includes('lock timeout') ?? false);
    } finally {
      // Its locks end with it.
      holder.release(true);
    }
    await platform.counted();
    expect(await platform.used()).toEqual(expected);
    expect(platform.fatal).toEqual([]);
    await platform.pool.query(`alter database ${name} reset lock_timeout`);
    await platform.stopAll();
    await platform.reconnect();
    await platform.processor();
  }, 120_000);

  it('put aside what they cannot read, and go on', async () => {
    const [good] = [await platform.encode(CHATS, { ...chat, chatId: 'good' })];
    await platform.send(CHATS, [
      { key: 'a1', value: Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]), partition: 0 },
      { key: 'a1', value: Buffer.from([0, 0, 0, 0x27, 0x10, 1]), partition: 0 },
      { key: null, value: Buffer.from('no record'), partition: 0 },
      { key: 'a1', value: null, partition: 0 },
      { key: 'a1', value: good, partition: 0 },
    ]);
    expected['a1'] = (expected['a1'] ?? 0) + 1;
    await platform.counted();
    expect(await platform.used()).toEqual(expected);
    const { rows } = await platform.pool.query<{ reason: string }>(
      'select reason from reporting.dead_letters order by "offset"',
    );
    expect(rows.map(({ reason }) => reason)).toEqual([
      'UNKNOWN_SCHEMA',
      'UNKNOWN_SCHEMA',
      'UNDECODABLE',
      'EMPTY',
    ]);
  }, 60_000);

  it('park the events of an account that was known and is not any more, as after a restored backup', async () => {
    const chatNow = async (): Promise<{ key: string; value: Buffer; partition: number }> => ({
      key: 'a5',
      value: await platform.encode(CHATS, {
        ...chat,
        accountId: 'a5',
        eventId: randomUUID(),
        chatId: randomUUID(),
        occurredAt: Date.now(),
      }),
      partition: 0,
    });
    await platform.send(CHATS, [await chatNow()]);
    await platform.counted();
    await platform.pool.query("delete from accounts where account_id = 'a5'");
    await platform.pool.query("update account_heads set version = version + 1 where account_id = 'a5'");
    await platform.send(CHATS, [await chatNow(), await chatNow()]);
    await platform.counted();
    const parked = await platform.pool.query('select account_id from parked_events');
    expect(parked.rows).toEqual([{ account_id: 'a5' }, { account_id: 'a5' }]);
    await platform.account('a5');
    expected['a5'] = (expected['a5'] ?? 0) + 3;
    await until(async () => (await platform.used())['a5'] === expected['a5']);
    expect(await platform.used()).toEqual(expected);
    expect(platform.fatal).toEqual([]);
  }, 60_000);

  it('keep a reply once, however often it comes, and that it answers every open notice', async () => {
    const topic = 'platform.replies.v1';
    const reply = {
      eventId: 'r1',
      accountId: 'a1',
      notificationId: null,
      channel: 'mail',
      occurredAt: Date.now(),
    };
    const value = await platform.encode(topic, reply);
    await platform.send(
      topic,
      [0, 1, 0].map((partition) => ({ key: 'a1', value, partition })),
    );
    await platform.counted();
    const { rows } = await platform.pool.query(
      'select account_id, event_id, notification_id, channel, occurred_at from replies',
    );
    expect(rows).toEqual([
      {
        account_id: 'a1',
        event_id: 'r1',
        notification_id: null,
        channel: 'mail',
        occurred_at: reply.occurredAt,
      },
    ]);
  }, 60_000);

  it('begin a log whose beginning is gone, but stop when what they had not read is deleted', async () => {
    await platform.forget();
    const end = await platform.endOf(CHATS, 0);
    await platform.deleteBefore(CHATS, 0, end - 3);
    await platform.processor();
    await platform.counted();
    await platform.stopAll();
    await platform.chats('a1', 100);
    await platform.deleteBefore(CHATS, 0, end + 2);
    await platform.processor();
    await until(() => platform.fatal.length > 0);
    expect(platform.fatal[0]).toBeInstanceOf(InputLost);
    expect(platform.fatal[0]?.message).toMatch(/platform\.chats\.v1 partition 0: .* deleted by retention/);
    platform.fatal.length = 0;
  }, 120_000);

  it.each([
    ['shorter', 1, /log ends at|is not the one/],
    ['as long', 0, /is not the one that was counted/],
  ])(
    'stop when a topic was created anew and its log is %s',
    async (_, fewer, message) => {
      const topic = 'platform.replies.v1';
      await platform.forget();
      const replies = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n += 1) {
          const value = await platform.encode(topic, {
            eventId: `r${n}`,
            accountId: 'a1',
            notificationId: null,
            channel: 'mail',
            occurredAt: Date.now(),
          });
          await platform.send(topic, [{ key: 'a1', value, partition: 0 }]);
        }
      };
      await platform.recreate(topic);
      await replies(5);
      await platform.processor();
      await platform.counted();
      await platform.stopAll();
      await platform.recreate(topic);
      await replies(5 - fewer);
      await platform.processor();
      await until(() => platform.fatal.length > 0);
      expect(platform.fatal[0]).toBeInstanceOf(InputLost);
      expect(platform.fatal[0]?.message).toMatch(message);
      platform.fatal.length = 0;
    },
    120_000,
  );
});

const chat = {
  eventId: 'e-good',
  accountId: 'a1',
  workspaceId: 'w1',
  botId: 'b1',
  chatId: 'c',
  type: 'STARTED',
  channel: null,
  occurredAt: Date.now(),
};
