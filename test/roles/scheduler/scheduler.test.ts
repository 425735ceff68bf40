import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { pino } from 'pino';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { ensureSeenPartitions, monthsAround } from '../../../src/postgres/partitions.js';
import { createPool } from '../../../src/postgres/pool.js';
import type { AccountSnapshot } from '../../../src/domain/accounts/snapshot.js';
import type { Context } from '../../../src/domain/judging/context.js';
import { AccountCache } from '../../../src/roles/processor/accountCache.js';
import { countBatch } from '../../../src/roles/processor/countBatch.js';
import { Interner } from '../../../src/kafka/decode/interner.js';
import { OpenIntake } from '../../../src/roles/processor/reading/openIntake.js';
import { AccountProblems } from '../../../src/roles/scheduler/accountProblems.js';
import { Scheduler } from '../../../src/roles/scheduler/scheduler.js';
import { eventId } from '../../../src/support/eventId.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { snapshotOf } from '../../domain/accounts/snapshots.js';
import { smallPolicy } from '../../support/engineLog.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { handedOver, recordsAt } from '../processor/feeder.js';

const DAY = 86_400_000;
const NOW = Date.parse('2026-01-31T23:59:00Z');

describe('the scheduler', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase('scheduler');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 6, () => undefined);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function park(accountId: string, offset: number, arrivedAt: number): Promise<void> {
    await pool.query(
      `insert into parked_events (account_id, topic, partition, "offset", arrived_at, usage, key, value)
       values ($1, 'platform.chats.v1', 0, $2, $3, '{}', $4, $5)`,
      [accountId, offset, new Date(arrivedAt), Buffer.from('k'), Buffer.from([0xff, offset])],
    );
  }

  it('makes partitions ahead and expires what waited 35 days, however many schedulers there are', async () => {
    for (let n = 0; n < 20; n += 1) await park(`old${n % 7}`, n, NOW - 35 * DAY - 60_000);
    await park('old1', 100, NOW - 34 * DAY);
    await pool.query("insert into account_heads values ('old1', 41)");
    const options = {
      pool,
      policy: smallPolicy(),
      kafka: null,
      clock: { now: () => NOW, shiftMs: 0 },
      log: createLog('silent'),
      metrics: createMetrics(),
    };
    const schedulers = [1, 2, 3].map(() => new Scheduler(options));
    for (const scheduler of schedulers) await scheduler.start();
    await until(() => schedulers.every((scheduler) => scheduler.problem() === null));
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    const letters = await pool.query<{ offset: number; reason: string; value: Buffer }>(
      'select "offset", reason, value from dead_letters order by "offset"',
    );
    expect(letters.rows.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    for (const { offset, reason, value } of letters.rows) {
      expect([reason, [...value]]).toEqual(['TOO_LATE', [0xff, offset]]);
    }
    const parked = await pool.query('select "offset" from parked_events');
    expect(parked.rows).toEqual([{ offset: 100 }]);
    const heads = await pool.query<{ version: number }>(
      "select version from account_heads where account_id = 'old1'",
    );
    expect(heads.rows[0]?.version).toBeGreaterThan(41);
    const tables = await pool.query<{ name: string }>(
      "select relname as name from pg_class where relname ~ '^seen_ids_[0-9_]+$' order by 1",
    );
    expect(tables.rows.map(({ name }) => name)).toEqual(
      ['2025_12', '2026_01', '2026_02', '2026_03', '2026_04', '2026_05'].map((month) => `seen_ids_${month}`),
    );
  }, 60_000);

  it('shows operators which snapshots made no sense, and plans that the policy does not name', async () => {
    const policy = smallPolicy();
    const metrics = createMetrics();
    const problems = new AccountProblems(pool, policy, createLog('silent'), metrics);
    const context = { policy, now: NOW, id: eventId };
    const broken: Partial<AccountSnapshot> = { timeZone: 'Mars/Olympus', plan: 'partner-2019' };
    await takeSnapshots([{ accountId: 'p1' }, { accountId: 'p2', ...broken }], context);
    await problems.show(NOW);
    const shown = async (name: string): Promise<string[]> =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(name));
    expect(await shown('fair_use_account')).toEqual([
      'fair_use_account_problems{field="timeZone"} 1',
      'fair_use_accounts_of_unknown_plan{plan="partner-2019"} 1',
    ]);
    await takeSnapshots([{ accountId: 'p2', revision: 2 }], context);
    await problems.show(NOW);
    expect(await shown('fair_use_account')).toEqual([]);
  });

  async function takeSnapshots(changes: Partial<AccountSnapshot>[], context: Context): Promise<void> {
    const numbers = { accounts: new Interner(), workspaces: new Interner() };
    const open = new OpenIntake(numbers);
    changes.forEach((change, n) => {
      const snapshot = snapshotOf({ updatedAt: NOW, ...change });
      const event = { accountId: snapshot.accountId, snapshot, arrivedAt: NOW };
      const decoded = { kind: 'account', event } as const;
      const of = { topic: 'platform.accounts.v1', partition: 0 } as const;
      open.begin(of, recordsAt([n], null));
      open.take(0, decoded);
    });
    const intake = handedOver(open, numbers, { decode: () => ({ kind: 'uncounted' }) });
    await countBatch(pool, new AccountCache(1_000_000), intake, context);
  }

  it('makes the same partition once for all who need it at once', async () => {
    await Promise.all([1, 2, 3, 4].map(() => ensureSeenPartitions(pool, ['2027-11-01', '2027-12-01'])));
    await pool.query(`insert into seen_ids values ('a', '2027-12-01', 0, ''), ('a', '2027-11-01', 0, '')`);
  });

  it('raises the alarm when partitions are not there ahead', async () => {
    const lines: string[] = [];
    const options = {
      pool,
      policy: smallPolicy(),
      kafka: null,
      clock: { now: () => Date.UTC(2028, 2, 20), shiftMs: 0 },
      log: pino({}, { write: (line: string) => lines.push(line) }),
      metrics: createMetrics(),
    };
    const daysAhead = async (): Promise<number | undefined> =>
      (await options.metrics.partitionsAheadDays.get()).values[0]?.value;
    // In the way: the name is taken by a table that is no partition.
    await pool.query('create table seen_ids_2028_04 (id int)');
    const scheduler = new Scheduler(options);
    await scheduler.start();
    await until(async () => scheduler.problem() === null && (await daysAhead()) === 12);
    await scheduler.stop();
    expect(lines.filter((line) => line.includes('not made ahead'))).toHaveLength(1);
    await pool.query('drop table seen_ids_2028_04');
    const next = new Scheduler(options);
    await next.start();
    await until(async () => ((await daysAhead()) ?? 0) > 90);
    await next.stop();
  }, 60_000);

  it('does the rest of a round when a step of it fails', async () => {
    await pool.query('alter table parked_events rename to elsewhere');
    await pool.query(
      `insert into outbox (account_id, shard, topic, event_id, record, published_at)
       values ('a', 0, 't', gen_random_uuid(), '{}', now() - interval '8 days')`,
    );
    const scheduler = new Scheduler({
      pool,
      policy: smallPolicy(),
      kafka: null,
      clock: { now: () => NOW, shiftMs: 0 },
      log: createLog('silent'),
      metrics: createMetrics(),
    });
    await scheduler.start();
    await until(async () => (await pool.query('select from outbox')).rowCount === 0);
    await until(() => scheduler.problem()?.includes('parked_events') === true);
    await scheduler.stop();
    await pool.query('alter table elsewhere rename to parked_events');
  }, 60_000);

  it('covers the late horizon in every month', () => {
    for (let day = 0; day < 400; day += 1) {
      const now = Date.UTC(2027, 0, 1) + day * DAY;
      const months = monthsAround(now);
      for (const at of [now - 35 * DAY, now, now + 600_000, now + 90 * DAY]) {
        expect(months).toContain(`${new Date(at).toISOString().slice(0, 7)}-01`);
      }
    }
  });
});
