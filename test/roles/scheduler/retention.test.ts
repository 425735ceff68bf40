import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { RETENTION_RULES } from '../../../src/postgres/retention/rules.js';
import { Retention } from '../../../src/roles/scheduler/retention.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';

const DAY = 86_400_000;
const YEARS = 1_127;

describe('what is kept long enough', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase('retention');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 6, () => undefined);
  });
  beforeEach(async () => {
    await pool.query(
      `truncate ${[...new Set(RETENTION_RULES.map(({ table }) => table)), 'deliveries'].join(', ')}`,
    );
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const retention = (divisor = 1, shiftMs = 0): Retention =>
    new Retention({ pool, clock: { now: () => Date.now() + shiftMs, shiftMs }, divisor });
  const ago = (days: number): Date => new Date(Date.now() - days * DAY);
  const names = async (table: string, column: string): Promise<string[]> =>
    (await pool.query<{ name: string }>(`select ${column}::text as name from ${table} order by 1`)).rows.map(
      ({ name }) => name,
    );
  async function each(sql: string, rows: readonly (readonly unknown[])[]): Promise<void> {
    for (const row of rows) await pool.query(sql, [...row]);
  }

  it('outbox rows go a week after they were published, never before', async () => {
    await each(
      `insert into outbox (account_id, shard, topic, event_id, record, created_at, published_at, set_aside)
       values ($1, 0, 't', gen_random_uuid(), '{}', $2, $3, $4)`,
      [
        ['gone', ago(9), ago(7.1), null],
        ['fresh', ago(9), ago(6.9), null],
        ['waiting', ago(900), null, null],
        ['aside', ago(900), null, 'too large'],
      ],
    );
    await retention().round();
    expect(await names('outbox', 'account_id')).toEqual(['aside', 'fresh', 'waiting']);
  });

  it('dead letters go after 90 days, once they are on their topic', async () => {
    await each(
      `insert into dead_letters (topic, partition, "offset", reason, detail, seen_at, published_at)
       values ('t', 0, $1, 'INVALID', '', $2, $3)`,
      [
        [1, ago(91), ago(91)],
        [2, ago(91), null],
        [3, ago(89), ago(89)],
      ],
    );
    await retention().round();
    expect(await names('dead_letters', '"offset"')).toEqual(['2', '3']);
  });

  it('hours go after 410 days, months and years after three years, and only when they are final', async () => {
    await each(
      `insert into windows (account_id, window_start, window_end, rule, workspace_id, used, plan, policy_version, frozen_at)
       values ($1, $2::timestamptz - $3::interval, $2, $4, '', 1, 'pro', 'v', $5)`,
      [
        ['hour gone', ago(411), '1 hour', 'chats-per-hour', ago(300)],
        ['hour not final', ago(411), '1 hour', 'chats-per-hour', null],
        ['hour fresh', ago(409), '1 hour', 'chats-per-hour', ago(300)],
        ['month kept', ago(411), '30 days', 'sessions-per-month', ago(300)],
        ['month gone', ago(YEARS + 1), '30 days', 'sessions-per-month', ago(300)],
        ['month not final', ago(YEARS + 1), '30 days', 'sessions-per-month', null],
      ],
    );
    const gone = await retention().round();
    expect(gone?.get('windows')).toBe(2);
    expect(await names('windows', 'account_id')).toEqual(
      ['hour fresh', 'hour not final', 'month kept', 'month not final'].sort(),
    );
  });

  it('a fact keeps its newest violation, and one that is open stays', async () => {
    await each(
      `insert into violations (account_id, violation_id, rule, workspace_id, occurred_at, closed_at, details, fact, generation, strike_until)
       values ($1, gen_random_uuid(), $2, '', $3, $4, '{}', $5, $6, $7)`,
      [
        ['size gone', 'file-size', ago(YEARS + 1), null, null, null, null],
        ['held against', 'file-size', ago(YEARS + 1), null, null, null, ago(-1)],
        ['size fresh', 'file-size', ago(YEARS - 1), null, null, null, null],
        ['fact', 'one-workspace', ago(YEARS + 9), ago(YEARS + 8), 'f', 0, null],
        ['fact', 'one-workspace', ago(YEARS + 7), ago(YEARS + 6), 'f', 1, null],
        ['open', 'no-resale', ago(YEARS + 9), null, 'g', 0, null],
      ],
    );
    await retention().round();
    expect(await names('violations', "account_id || coalesce(generation::text, '')")).toEqual([
      'fact1',
      'held against',
      'open0',
      'size fresh',
    ]);
  });

  it('notices go with their deliveries, but not while they wait; mails go before them', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const [n, [status, created]] of [
      ['SENT', ago(YEARS + 1)],
      ['PENDING', ago(YEARS + 1)],
      ['SENT', ago(411)],
    ].entries()) {
      await pool.query(
        `insert into notifications (account_id, notification_id, kind, rule, workspace_id, generation, status, created_at, record)
         values ('a', $1, 'THRESHOLD_WARNING', 'chats-per-hour', '', 0, $2, $3, '{}')`,
        [ids[n], status, created],
      );
      await pool.query(
        `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status)
         values ('a', $1, 'k', 'k', '', 'en', 'SENT')`,
        [ids[n]],
      );
      await pool.query("insert into messages values ('a', $1, '', $2)", [`m${n}`, created]);
    }
    await pool.query("insert into messages values ('a', 'fresh', '', $1)", [ago(409)]);
    await retention().round();
    expect(await names('notifications', 'notification_id')).toEqual(ids.slice(1).sort());
    expect(await names('deliveries', 'notification_id')).toEqual(ids.slice(1).sort());
    expect(await names('messages', 'message_id')).toEqual(['fresh']);
  });

  it('a snapshot goes 410 days after the next one came, the newest never', async () => {
    await each("insert into account_snapshots values ($1, $2, $3, '{}')", [
      ['a', 1, ago(900)],
      ['a', 2, ago(411)],
      ['a', 3, ago(409)],
      ['b', 1, ago(2_000)],
    ]);
    await retention().round();
    expect(await names('account_snapshots', 'account_id || applied')).toEqual(['a2', 'a3', 'b1']);
  });

  it('crossings, overages, measures and replies go after three years unless something is still to come of them', async () => {
    const [old, young] = [ago(YEARS + 1), ago(YEARS - 1)];
    await each(
      `insert into crossings select $1, 'chats-per-hour', '', $2, $2, 80, 1, 1, $2, null, false, null, $2`,
      [
        ['gone', old],
        ['kept', young],
      ],
    );
    await each(
      `insert into overages (account_id, overage_id, kind, step_percent, rule, workspace_id, window_start, window_end, used,
         limit_value, created_at, closed_at)
       values ($1, gen_random_uuid(), $2, 100, 'sessions-per-month', '', $3, $3, 1, 1, $3, $4)`,
      [
        ['started gone', 'STARTED', old, old],
        ['still to close', 'STARTED', old, null],
        ['closed gone', 'CLOSED', old, null],
        ['young', 'CLOSED', young, null],
      ],
    );
    await each(
      `insert into measures (account_id, measure_id, kind, status, effective_until, reason, updated_at)
       values ($1, gen_random_uuid(), 'LIMIT_SERVICE', $2, $3, '', $4)`,
      [
        ['lifted gone', 'LIFTED', null, old],
        ['over gone', 'APPLIED', old, old],
        ['in force', 'APPLIED', null, old],
        ['young', 'LIFTED', null, young],
      ],
    );
    await each('insert into replies values ($1, $1, null, $2, $3, $4)', [
      ['gone', 'mail', old, old],
      ['a clock that is wrong', 'mail', old, young],
    ]);
    await retention().round();
    expect(await names('crossings', 'account_id')).toEqual(['kept']);
    expect(await names('overages', 'account_id')).toEqual(['still to close', 'young']);
    expect(await names('measures', 'account_id')).toEqual(['in force', 'young']);
    expect(await names('replies', 'account_id')).toEqual(['a clock that is wrong']);
  });

  it('is looked at once an hour, and a business clock that is ahead of the real one is followed', async () => {
    const looks = retention(1, 500 * DAY);
    await pool.query(
      "insert into windows values ('a', $1, 'chats-per-hour', '', $1, 1, 1, 1, 'p', 'v', $1)",
      [ago(0)],
    );
    expect(await looks.round()).toEqual(new Map([['windows', 1]]));
    expect(await looks.round()).toBeNull();
  });

  it('does not believe a clock of this machine that the database does not confirm', async () => {
    const wrong = new Retention({
      pool,
      clock: { now: () => Date.now() + 900 * DAY, shiftMs: 0 },
      divisor: 1,
    });
    await pool.query(
      "insert into windows values ('a', $1, 'chats-per-hour', '', $1, 1, 1, 1, 'p', 'v', $1)",
      [ago(1)],
    );
    expect(await wrong.round()).toEqual(new Map());
  });

  it('deletes any number, in steps, whoever else does', async () => {
    await pool.query(
      `insert into outbox (account_id, shard, topic, event_id, record, published_at)
       select 'a', 0, 't', gen_random_uuid(), '{}', $1 from generate_series(1, 12000)`,
      [ago(8)],
    );
    const both = [retention(1e7), retention(1e7)];
    await until(async () => {
      await Promise.all(both.map((one) => one.round()));
      return (await names('outbox', 'id')).length === 0;
    });
  });
});
