import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { Metric } from '../../../src/domain/policy/policy.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { ensureSeenPartitions, SeenPartitions } from '../../../src/postgres/partitions.js';
import { createPool } from '../../../src/postgres/pool.js';
import { freeze } from '../../../src/roles/scheduler/freeze.js';
import { Scheduler } from '../../../src/roles/scheduler/scheduler.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { smallPolicy } from '../../support/engineLog.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';

const DAY = 86_400_000;
const JANUARY_END = Date.UTC(2026, 1, 1);
const FINAL = JANUARY_END + 35 * DAY;
const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];

describe('what became final', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase('freezing');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 6, () => undefined);
    await ensureSeenPartitions(pool, ['2025-12-01', '2026-01-01', '2026-02-01', '2026-03-01']);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const read = (upTo: number, but: Partial<Record<Metric, number>> = {}): Map<Metric, number> =>
    new Map(METRICS.map((metric) => [metric, but[metric] ?? upTo]));
  const partitions = async (): Promise<string[]> =>
    (
      await pool.query<{ name: string }>(
        "select relname as name from pg_class where relname ~ '^seen_ids_[0-9_]+$' order by 1",
      )
    ).rows.map(({ name }) => name.slice('seen_ids_'.length));
  const frozen = async (): Promise<string[]> =>
    (
      await pool.query<{ workspace_id: string }>(
        'select workspace_id from windows where frozen_at is not null order by 1',
      )
    ).rows.map((row) => row.workspace_id);

  it('windows are frozen when the topic of their rule was read past their late horizon', async () => {
    await pool.query(
      `insert into windows (account_id, window_start, rule, workspace_id, window_end, used, plan, policy_version)
       select 'a', $1::timestamptz - interval '1 hour', rule::rule, ws, $1::timestamptz + late * interval '1 ms', 1, 'pro', 'v'
       from (values ('sessions-per-month', 'month', 0), ('chats-per-hour', 'hour', 0), ('chats-per-hour', 'later', 1))
         as v(rule, ws, late)`,
      [new Date(JANUARY_END)],
    );
    // Tickets hold up the months, not the windows of other metrics.
    await freeze(pool, read(FINAL - 1, { tickets: -Infinity }), FINAL + DAY);
    expect(await frozen()).toEqual([]);
    await freeze(pool, read(FINAL, { sessions: FINAL - 1, tickets: -Infinity }), FINAL + DAY);
    expect(await frozen()).toEqual(['hour']);
    await freeze(pool, read(-Infinity, { sessions: FINAL }), FINAL + DAY);
    expect(await frozen()).toEqual(['hour', 'month']);
    const { rows } = await pool.query('select frozen_at from windows where workspace_id = $1', ['month']);
    expect(rows).toEqual([{ frozen_at: FINAL + DAY }]);
  });

  it('seen ids of a month are dropped when every topic was read past its late horizon, and never come back', async () => {
    const all = ['2025_12', '2026_01', '2026_02', '2026_03'];
    await pool.query(`insert into seen_ids values ('a', '2026-01-01', 0, '')`);
    expect(await freeze(pool, read(FINAL + DAY, { tickets: -Infinity }), FINAL + DAY)).toEqual([]);
    expect(await partitions()).toEqual(all);
    expect(await freeze(pool, read(FINAL + DAY, { tickets: FINAL - 1 }), FINAL + DAY)).toEqual([
      '2025-12-01',
    ]);
    expect(await partitions()).toEqual(all.slice(1));
    // An event that waits for its account will still be counted.
    await pool.query(
      `insert into parked_events (account_id, topic, partition, "offset", arrived_at, usage, value)
       values ('b', 'platform.chats.v1', 0, 0, $1, $2, '')`,
      [new Date(JANUARY_END), JSON.stringify({ occurredAt: JANUARY_END - 1 })],
    );
    expect(await freeze(pool, read(FINAL), FINAL)).toEqual([]);
    await pool.query('delete from parked_events');
    const months = new SeenPartitions();
    await months.ensure(pool, ['2026-01-01']);
    const rounds = await Promise.all([1, 2].map(() => freeze(pool, read(FINAL), FINAL)));
    expect(rounds.flat()).toContain('2026-01-01');
    expect(await partitions()).toEqual(all.slice(2));
    expect([...(await months.ensure(pool, ['2026-02-01', '2026-01-01']))]).toEqual(['2026-01-01']);
    await expect(ensureSeenPartitions(pool, ['2026-01-01'])).rejects.toThrow('were dropped');
    await months.ensure(pool, ['2026-02-01']);
    expect(await partitions()).toEqual(all.slice(2));
  });

  it('a scheduler goes on after a month was dropped', async () => {
    const scheduler = new Scheduler({
      pool,
      policy: smallPolicy(),
      kafka: null,
      clock: { now: () => FINAL + DAY, shiftMs: 0 },
      log: createLog('silent'),
      metrics: createMetrics(),
    });
    await scheduler.start();
    await until(() => scheduler.problem() === null);
    await scheduler.stop();
    expect(await partitions()).toEqual(['2026_02', '2026_03', '2026_04', '2026_05', '2026_06']);
  });

  it('buckets are kept for more than 400 days of what was read', async () => {
    await pool.query(
      `insert into usage_buckets
       select 'a', 'chats', $1::timestamptz - days * interval '1 day', 'w', '' from unnest(array[1, 400, 411, 500]) as days`,
      [new Date(FINAL)],
    );
    const kept = async () => (await pool.query('select from usage_buckets')).rowCount;
    await freeze(pool, read(FINAL, { chats: -Infinity }), FINAL);
    expect(await kept()).toBe(4);
    await freeze(pool, read(FINAL), FINAL);
    expect(await kept()).toBe(2);
  });
});
