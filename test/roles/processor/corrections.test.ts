import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { schemaType } from '../../../src/kafka/schemas.js';
import { at, DAY, HOUR, LogBook } from '../../simulation/logs.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Feed, Process } from './feeder.js';

const TEN = at('2026-05-20T10:00:00Z');

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

/** A snapshot that says that the plan holds since `updatedAt`. */
function plan(
  name: string,
  updatedAt: number,
  arrivedAt: number,
  change: { status?: 'SUSPENDED' } = {},
): LogBook {
  revision += 1;
  return new LogBook().account(arrivedAt, { revision, plan: name, updatedAt, ...change });
}

/** What the mailer would record of the notices that are due. */
async function mailed(status: string, attempted = true): Promise<void> {
  await engine.pool.query(
    `update notifications set status = $1, attempted_at = case when $2 then now() end, settled_at = now()
     where status = 'PENDING' and kind <> 'CORRECTION'`,
    [status, attempted],
  );
  await engine.pool.query('update account_heads set version = version + 1');
}

async function corrections(): Promise<unknown[]> {
  const { rows } = await engine.pool.query<{ record: Record<string, unknown>; status: string }>(
    `select o.record, n.status from outbox o join reporting.notifications n on n.notification_id = o.event_id
     where o.topic = 'fair-use.notifications.v1' and n.kind = 'CORRECTION' order by o.id`,
  );
  return rows.map(({ record, status }) => {
    schemaType('fair-use.notifications.v1').toBuffer(record);
    const { rule, level, used, limit, plan: of, occurredAt } = record;
    return [status, rule, level, used, limit, of, occurredAt];
  });
}

/** 8,000 sessions of a Pro account: warned at 80 % of 10,000. */
async function warned(): Promise<void> {
  await feed(plan('pro', TEN - DAY, TEN - DAY).sessions(8_000, TEN));
  await mailed('SENT');
}

describe('a correction', () => {
  it('follows a snapshot that is dated before the crossing and gives another limit', async () => {
    await warned();
    await feed(plan('unlimited', TEN - 1, TEN + HOUR));
    expect(await corrections()).toEqual([
      ['PENDING', 'sessions-per-month', 80, 8_000, 50_000, 'unlimited', TEN - 1],
    ]);
  });

  it('does not follow one that is dated at the crossing or after it', async () => {
    await warned();
    await feed(plan('unlimited', TEN, TEN + HOUR));
    expect(await corrections()).toEqual([]);
  });

  it('names no limit where the plan has none', async () => {
    await warned();
    await feed(plan('ltd', TEN - HOUR, TEN + HOUR));
    expect(await corrections()).toEqual([
      ['PENDING', 'sessions-per-month', 80, 8_000, null, 'ltd', TEN - HOUR],
    ]);
  });

  it('does not follow when the other plan has the same limit, nor when only the figure moved', async () => {
    await feed(plan('pro', TEN - DAY, TEN - DAY).chats(1_600, TEN));
    await mailed('SENT');
    await feed(plan('unlimited', TEN - HOUR, TEN + HOUR));
    await feed(new LogBook().chats(10, TEN, { arrivedAt: TEN + 2 * HOUR, id: 'late' }));
    expect(await corrections()).toEqual([]);
  });

  it.each([
    ['SENT', true, 1],
    ['UNKNOWN', true, 1],
    ['PENDING', true, 1],
    ['PENDING', false, 0],
    ['FAILED', true, 0],
    ['SUPPRESSED', false, 0],
    ['CANCELLED', false, 0],
  ])('of a notice that is %s (attempted: %s): %i', async (status, attempted, expected) => {
    await feed(plan('pro', TEN - DAY, TEN - DAY).sessions(8_000, TEN));
    await mailed(status, attempted);
    await feed(plan('unlimited', TEN - 1, TEN + HOUR));
    expect(await corrections()).toHaveLength(expected);
  });

  it('is made once for each limit, whatever comes after, and by a process that remembers nothing', async () => {
    await warned();
    await feed(plan('unlimited', TEN - 1, TEN + HOUR));
    engine.forget(true);
    await feed(plan('pro', TEN + 2 * HOUR, TEN + 2 * HOUR));
    await feed(plan('unlimited', TEN - 1, TEN + 3 * HOUR));
    expect(await corrections()).toHaveLength(1);
    await feed(plan('ltd', TEN - 1, TEN + 4 * HOUR));
    expect((await corrections()).map((row) => (row as unknown[])[4])).toEqual([50_000, null]);
  });

  it('goes to a suspended account too', async () => {
    await warned();
    await feed(plan('unlimited', TEN - 1, TEN + HOUR, { status: 'SUSPENDED' }));
    expect(await corrections()).toHaveLength(1);
  });

  it('is not made once the late horizon has passed', async () => {
    await warned();
    await feed(plan('unlimited', TEN - 1, TEN + 35 * DAY));
    expect(await corrections()).toEqual([]);
  });

  it('comes beside the warning that the other limit makes true', async () => {
    await feed(plan('unlimited', TEN - DAY, TEN - DAY).sessions(40_000, TEN));
    await mailed('SENT');
    await feed(plan('pro', TEN - HOUR, TEN + HOUR));
    expect(await corrections()).toEqual([
      ['PENDING', 'sessions-per-month', 80, 40_000, 10_000, 'pro', TEN - HOUR],
    ]);
    const { rows } = await engine.pool.query(
      `select level, limit_value from notifications where kind = 'THRESHOLD_WARNING' and status = 'PENDING'`,
    );
    expect(rows).toEqual([{ level: 100, limit_value: 10_000 }]);
  });
});
