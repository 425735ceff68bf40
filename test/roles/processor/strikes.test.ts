import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { at, DAY, HOUR, LogBook } from '../../simulation/logs.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Feed, Process } from './feeder.js';

const TEN = at('2026-05-02T10:00:00Z');
const JUNE = at('2026-06-01T00:00:00Z');

let database: FreshDatabase;
let engine: Process;
let log: Feed;
let revision: number;
beforeAll(async () => {
  database = await countingDatabase();
  engine = new Process(database.url);
});
beforeEach(async () => {
  await empty(engine.pool);
  engine.forget(false);
  log = new Feed();
  revision = 0;
});
afterAll(async () => {
  await engine.close();
  await database.drop();
});

const feed = (book: LogBook): Promise<void> => log.count(engine, book);

const account = (book: LogBook, when: number, change: Parameters<LogBook['account']>[1]): LogBook => {
  revision += 1;
  return book.account(when, { revision, ...change });
};

/** rule, window's begin, the number of strikes that the event names. */
async function violations(): Promise<unknown[]> {
  const { rows } = await engine.pool.query<Record<string, unknown>>(
    `select o.record->>'rule' as rule, v.window_start, o.record->'details'->>'strikes' as strikes
     from outbox o join reporting.violations v on v.violation_id = o.event_id order by o.id`,
  );
  return rows.map((row) => Object.values(row));
}

async function standing(): Promise<unknown[]> {
  const { rows } = await engine.pool.query<Record<string, unknown>>(
    'select rule, window_start, occurred_at, stands_until from reporting.strikes order by occurred_at',
  );
  return rows.map((row) => Object.values(row));
}

describe('strikes', () => {
  it('count hour episodes and months, and name how many stand', async () => {
    const book = account(new LogBook(), TEN, { plan: 'sandbox' });
    await feed(book.chats(100, TEN));
    await feed(book.chats(1_900, TEN + 60_000).chats(2_000, TEN + HOUR));
    await feed(book.chats(2_000, TEN + 5 * HOUR));
    expect(await violations()).toEqual([
      ['chats-per-month', at('2026-05-01T00:00:00Z'), '1'],
      ['chats-per-hour', TEN, '2'],
      ['chats-per-hour', TEN + 5 * HOUR, '3'],
    ]);
    expect(await standing()).toEqual([
      ['chats-per-month', at('2026-05-01T00:00:00Z'), TEN, TEN + 90 * DAY],
      ['chats-per-hour', TEN, TEN + 60_000, TEN + 60_000 + 90 * DAY],
      ['chats-per-hour', TEN + 5 * HOUR, TEN + 5 * HOUR, TEN + 5 * HOUR + 90 * DAY],
    ]);
  });

  it('stand for 90 days, through a change of plan, and not at their end', async () => {
    const book = account(new LogBook(), TEN, { plan: 'pro' });
    await feed(book.chats(2_000, TEN));
    await feed(account(book, TEN + DAY, { plan: 'unlimited' }));
    await feed(book.chats(2_000, TEN + 90 * DAY - HOUR));
    engine.forget(true);
    await feed(book.chats(2_000, TEN + 90 * DAY + 2 * HOUR));
    expect((await violations()).map((row) => (row as unknown[])[2])).toEqual(['1', '2', '2']);
  });

  it('are not made while the account is suspended', async () => {
    const book = account(new LogBook(), TEN, { plan: 'pro', status: 'SUSPENDED' });
    await feed(book.chats(2_000, TEN));
    await feed(account(book, TEN + DAY, { plan: 'pro', status: 'ACTIVE' }));
    await feed(book.chats(2_000, TEN + 2 * DAY));
    expect(await violations()).toEqual([
      ['chats-per-hour', TEN, null],
      ['chats-per-hour', TEN + 2 * DAY, '1'],
    ]);
  });

  it('are one for a month whose limit was raised and reached again, and none for a year', async () => {
    const book = account(new LogBook(), TEN, { plan: 'sandbox' });
    await feed(book.sessions(100, TEN).upload(1_000, TEN, 'u1'));
    await feed(account(book, TEN + DAY, { plan: 'pro' }));
    await feed(book.sessions(9_900, TEN + 2 * DAY));
    await feed(book.sessions(10_000, JUNE + DAY));
    expect(await violations()).toEqual([
      ['sessions-per-month', at('2026-05-01T00:00:00Z'), '1'],
      ['upload-bytes-per-year', at('2026-01-01T00:00:00Z'), null],
      ['sessions-per-month', at('2026-05-01T00:00:00Z'), null],
      ['sessions-per-month', JUNE, '2'],
    ]);
  });
});
