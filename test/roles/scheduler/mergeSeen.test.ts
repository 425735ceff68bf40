import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { transaction } from '../../../src/postgres/transaction.js';
import { SeenMerging } from '../../../src/roles/scheduler/mergeSeen.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { at, DAY, LogBook } from '../../simulation/logs.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Process } from '../processor/feeder.js';

const BEGIN = at('2026-05-10T12:00:00Z');
const MINUTE = 60_000;

describe('merging the chunks of seen ids', () => {
  let database: FreshDatabase;
  let one: Process;
  let two: Process;
  beforeAll(async () => {
    database = await countingDatabase();
    [one, two] = [new Process(database.url), new Process(database.url)];
  });
  beforeEach(async () => {
    await empty(one.pool);
    for (const process of [one, two]) process.forget(false);
    offsets.clear();
  });
  afterAll(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  const offsets = new Map<string, number>();
  const place = (log: LogBook): LogEntry[] =>
    log.entries.map((entry) => {
      const offset = offsets.get(entry.topic) ?? 0;
      offsets.set(entry.topic, offset + 1);
      return { ...entry, offset };
    });
  const account = (accountId: string): LogBook => new LogBook().account(BEGIN, { accountId });
  const chats = (accountId: string, ids: readonly string[], occurredAt = BEGIN): LogBook => {
    const log = new LogBook();
    for (const chatId of ids) {
      const value = {
        eventId: chatId,
        accountId,
        workspaceId: 'w1',
        botId: 'b1',
        chatId,
        channel: null,
        occurredAt,
      };
      log.add({ topic: 'platform.chats.v1', value: { ...value, type: 'STARTED' } }, occurredAt);
    }
    return log;
  };
  const chunks = async (): Promise<{ account_id: string; seq: number; ids: number }[]> =>
    (
      await one.pool.query<{ account_id: string; seq: number; ids: number }>(
        'select account_id, seq, length(counted) / 16 as ids from seen_ids order by 1, seq',
      )
    ).rows;
  const used = async (): Promise<number[]> =>
    (
      await one.pool.query<{ used: number }>(
        "select used from windows where rule = 'chats-per-hour' order by account_id",
      )
    ).rows.map((row) => row.used);

  it('leaves one chunk of a month that rests, and every id is known again to whoever counts', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `c${n}`);
    await one.count(place(account('a1')));
    for (const id of ids) await one.count(place(chats('a1', [id])));
    expect(await chunks()).toHaveLength(12);
    const merging = new SeenMerging();
    expect(await merging.round(one.pool, at('2026-05-31T00:00:00Z'))).toBe(11);
    expect(await chunks()).toEqual([{ account_id: 'a1', seq: 11, ids: 12 }]);
    // A process that remembers the ids appends to them as before; one that does not loads them.
    await one.count(place(chats('a1', ['c0', 'new1'])));
    await two.count(place(chats('a1', ['c5', 'new1', 'new2'])));
    expect(await used()).toEqual([14]);
    expect(await chunks()).toHaveLength(3);
    expect(await merging.round(one.pool, at('2026-06-05T00:00:00Z'))).toBe(2);
    await two.count(place(chats('a1', [...ids, 'new1', 'new2', 'new3'])));
    one.forget(false);
    await one.count(place(chats('a1', [...ids, 'new3'])));
    expect(await used()).toEqual([15]);
  });

  it('does not wait for an account that is being counted, and nobody waits long for it', async () => {
    for (const id of ['a1', 'a2']) {
      await one.count(place(account(id)));
      for (let n = 0; n < 9; n += 1) await one.count(place(chats(id, [`c${n}`])));
    }
    const merging = new SeenMerging();
    await transaction(two.pool, async (tx) => {
      await tx.query("select from account_heads where account_id = 'a1' for update");
      expect(await merging.round(one.pool, BEGIN)).toBe(8);
    });
    expect((await chunks()).map(({ account_id }) => account_id)).toEqual([
      ...Array<string>(9).fill('a1'),
      'a2',
    ]);
    expect(await merging.round(one.pool, BEGIN)).toBe(8);
    expect(await chunks()).toHaveLength(2);
  });

  it('goes on while everything is counted, by however many at once', async () => {
    const accounts = ['a1', 'a2', 'a3'];
    for (const id of accounts) await one.count(place(account(id)));
    let counting = true;
    const rounds = [one, two].map(async ({ pool }) => {
      const merging = new SeenMerging();
      let gone = 0;
      while (counting) gone += await merging.round(pool, BEGIN + 60 * DAY);
      return gone;
    });
    for (let n = 0; n < 40; n += 1) {
      const process = n % 3 === 0 ? two : one;
      for (const id of accounts) {
        const log = chats(id, [`c${n}`, `c${Math.max(0, n - 7)}`], BEGIN + (n % 5) * MINUTE);
        await process.count(place(log));
      }
    }
    counting = false;
    const gone = await Promise.all(rounds);
    expect(gone.reduce((sum, n) => sum + n)).toBeGreaterThan(0);
    expect(await used()).toEqual([40, 40, 40]);
    const merging = new SeenMerging();
    await merging.round(one.pool, BEGIN + 60 * DAY);
    expect((await chunks()).map(({ account_id, ids }) => [account_id, ids])).toEqual(
      accounts.map((id) => [id, 40]),
    );
  }, 60_000);
});
