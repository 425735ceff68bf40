import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { verdictOn } from '../../../src/roles/processor/faults.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { at, DAY, HOUR, LogBook } from '../../simulation/logs.js';
import type { Results } from '../../support/engineLog.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Feed, Process, reported } from './feeder.js';

const TEN = at('2026-05-20T10:00:00Z');
// Counted two at a time: what fails belongs to the part in the middle.
const ACCOUNTS = ['a', 'b', 'c', 'd', 'e', 'f'];
const FAILS = 'c';

describe('a counting transaction of several parts', () => {
  let database: FreshDatabase;
  let process: Process;
  beforeAll(async () => {
    database = await countingDatabase();
    process = new Process(database.url);
  });
  beforeEach(async () => {
    await empty(process.pool);
    process.forget(false);
  });
  afterAll(async () => {
    await process.close();
    await database.drop();
  });

  /** Has a statement fail that writes the account's row of a table. */
  async function failing(table: string, action: string, work: () => Promise<void>): Promise<void> {
    await process.pool.query(
      `create function fails() returns trigger language plpgsql as $$
       begin
         if new.account_id = '${FAILS}' then ${action}; end if;
         return new;
       end $$`,
    );
    await process.pool.query(
      `create trigger fails before insert or update on ${table} for each row execute function fails()`,
    );
    await work().finally(async () => {
      await process.pool.query('drop function fails cascade');
    });
  }

  const log = (): LogBook[] => {
    const ids = { made: 0 };
    return [
      ofEach(ids, (book) => book.account(TEN - DAY)),
      ofEach(ids, (book) => book.chats(3, TEN)),
      // A warning, a violation and an overage of each.
      ofEach(ids, (book) => book.chats(2, TEN).upload(1_001, TEN, 'u1')),
      ofEach(ids, (book) => book.chats(3, TEN + HOUR)),
    ];
  };

  interface All {
    readonly reported: Results;
    readonly rows: Record<string, number>;
  }
  async function everything(): Promise<All> {
    const rows: Record<string, number> = {};
    for (const table of ['outbox', 'seen_ids', 'usage_buckets', 'notifications', 'dead_letters']) {
      const found = await process.pool.query<{ n: number }>(`select count(*) as n from ${table}`);
      rows[table] = found.rows[0]?.n ?? -1;
    }
    const positions = await process.pool.query<{ topic: string; next_offset: number }>(
      'select topic, next_offset from input_offsets',
    );
    for (const { topic, next_offset } of positions.rows) rows[topic] = next_offset;
    return { reported: await reported(process.pool), rows };
  }

  async function asIfNothingFailed(): Promise<All> {
    const feed = new Feed();
    for (const book of log()) await feed.count(process, book);
    const all = await everything();
    await empty(process.pool);
    process.forget(false);
    return all;
  }

  /** What would come of it without a failure, and the state in which the batch that fails is counted. */
  async function beforeTheFailure() {
    const expected = await asIfNothingFailed();
    const [accounts, before, failed, after] = log() as [LogBook, LogBook, LogBook, LogBook];
    const feed = new Feed();
    await feed.count(process, accounts);
    await feed.count(process, before);
    return { expected, feed, failed, after, stood: await everything() };
  }

  const tables = ['account_heads', 'seen_ids', 'usage_buckets', 'windows', 'crossings', 'outbox'];
  const failures = [
    ['refuses a row', `raise exception 'refused'`, 'fatal'],
    ['ends the session', 'perform pg_terminate_backend(pg_backend_pid())', 'outage'],
  ] as const;
  const cases = failures.flatMap(([what, action, verdict]) =>
    tables.map((table) => ({ what, action, verdict, table })),
  );

  it.each(cases)('counts nothing when $table $what, and everything the next time', async (one) => {
    const { expected, feed, failed, after, stood } = await beforeTheFailure();
    const entries = placed(failed, { chats: 18, accounts: 6 });
    await failing(one.table, one.action, async () => {
      const error: unknown = await process.count(entries).catch((failure: unknown) => failure);
      // By the cause: that Postgres refuses what comes after it would be fatal in any case.
      expect(verdictOn(error, 0)).toBe(one.verdict);
      if (one.verdict === 'fatal') expect(error).toMatchObject({ message: 'refused' });
    });
    expect(await everything()).toEqual(stood);
    await feed.count(process, failed);
    await feed.count(process, after);
    expect(await everything()).toEqual(expected);
    expect(expected.reported.crossings).toHaveLength(2 * ACCOUNTS.length);
  });

  it('counts nothing when what is loaded ahead cannot be read, and everything the next time', async () => {
    const { expected, feed, failed, after, stood } = await beforeTheFailure();
    process.forget(false);
    // Of the last part: the first is counted and written by then, the one in the middle loaded.
    const used = (sum: string) =>
      process.pool.query(`update windows set used = used ${sum} where account_id = 'f'`);
    await used('+ 9007199254740993');
    await expect(process.count(placed(failed, { chats: 18, accounts: 6 }))).rejects.toThrow(
      'int8 beyond 2^53',
    );
    await used('- 9007199254740993');
    expect(await everything()).toEqual(stood);
    process.forget(false);
    await feed.count(process, failed);
    await feed.count(process, after);
    expect(await everything()).toEqual(expected);
  });
});

/** The same of every account, with ids of their own. */
function ofEach(ids: { made: number }, write: (book: LogBook) => LogBook): LogBook {
  const all = new LogBook();
  for (const accountId of ACCOUNTS) {
    for (const entry of write(new LogBook()).entries) {
      ids.made += 1;
      all.entries.push(of(accountId, String(ids.made), entry));
    }
  }
  return all;
}

function of(accountId: string, id: string, entry: LogEntry): LogEntry {
  const { value } = entry as unknown as { value: Record<string, unknown> };
  const own = Object.fromEntries(
    Object.keys(value)
      .filter((name) => /^(event|chat|file)Id$/.test(name))
      .map((name) => [name, `${accountId}-${id}`]),
  );
  return { ...entry, value: { ...value, ...own, accountId } } as LogEntry;
}

/** As {@link Feed} would number them, leaving them in the book. */
function placed(book: LogBook, from: { readonly chats: number; readonly accounts: number }): LogEntry[] {
  const next = new Map<string, number>([
    ['platform.chats.v1', from.chats],
    ['platform.accounts.v1', from.accounts],
  ]);
  return book.entries.map((entry) => {
    const offset = next.get(entry.topic) ?? 0;
    next.set(entry.topic, offset + 1);
    return { ...entry, offset };
  });
}
