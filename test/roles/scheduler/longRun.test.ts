import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { PlanInForce } from '../../../src/domain/accounts/account.js';
import type { LongRunTerms, Metric, Policy } from '../../../src/domain/policy/policy.js';
import { schemaType } from '../../../src/kafka/schemas.js';
import { writeBuckets } from '../../../src/postgres/counting/writeUsage.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { transaction } from '../../../src/postgres/transaction.js';
import { judgeLongRun } from '../../../src/roles/scheduler/longRun.js';
import { recordDay } from '../../../src/roles/scheduler/longRun/recordDay.js';
import { eventId } from '../../../src/support/eventId.js';
import { createLog } from '../../../src/support/log.js';
import { smallPolicy } from '../../support/engineLog.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
// Judged on the first of May: April and the days before.
const NOW = Date.UTC(2026, 4, 1);
const PEERS = 24;
const NEVER = new AbortController().signal;

/** The shipped policy with figures that a small population can reach. */
function policyWith(change: Partial<LongRunTerms> | null): Policy {
  const versions = smallPolicy().versions.map((version) => ({
    ...version,
    longRun:
      version.longRun === null || change === null
        ? null
        : {
            ...version.longRun,
            minimumPeers: 20,
            minimumDays: 10,
            days: 20,
            ...change,
          },
  }));
  return { versions };
}

describe('averages over longer periods', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase('long_run');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 8, () => undefined);
  });
  beforeEach(async () => {
    await pool.query(
      `truncate accounts, account_heads, usage_buckets, usage_days, long_run_days, violations, outbox, allowances`,
    );
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const read = (upTo: number, change: Partial<Record<Metric, number>> = {}): Map<Metric, number> =>
    new Map(
      (['chats', 'sessions', 'tickets', 'upload_bytes'] as const).map((metric) => [
        metric,
        change[metric] ?? upTo,
      ]),
    );
  const judge = (now = NOW, policy = policyWith({}), input = read(now), signal = NEVER) =>
    judgeLongRun({ pool, context: { policy, now, id: eventId }, log: createLog('silent'), signal }, input);

  async function account(accountId: string, plan = 'pro', history?: PlanInForce[]): Promise<void> {
    const entries = history ?? [{ from: NOW - 200 * DAY, plan, status: 'ACTIVE' }];
    await pool.query(
      `insert into accounts (account_id, revision, updated_at, status, plan, snapshot, history, calendar)
       values ($1, 1, now(), 'ACTIVE', $2, '{}', $3, '{}')`,
      [accountId, plan, JSON.stringify(entries)],
    );
    await pool.query('insert into account_heads values ($1, 7)', [accountId]);
  }

  /** Chats on each of the days before `NOW` in the list (1: the day before), in two hours and workspaces. */
  async function chats(accountId: string, perDay: number, daysAgo: readonly number[]): Promise<void> {
    const buckets = daysAgo.flatMap((ago) =>
      [0, 23].map((hour) => {
        const pairs = [hour, hour === 0 ? Math.floor(perDay / 2) : Math.ceil(perDay / 2)];
        const periodStart = NOW - ago * DAY + hour * HOUR;
        return {
          accountId,
          bucket: { metric: 'chats' as const, periodStart, workspaceId: `w${hour}`, pairs },
        };
      }),
    );
    await transaction(pool, (tx) => writeBuckets(tx, buckets));
  }

  const all = Array.from({ length: 20 }, (_, n) => n + 1);

  async function population(plan = 'pro', count = PEERS): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      await account(`${plan}-${n}`, plan);
      await chats(`${plan}-${n}`, 8 + (n % 5), all);
    }
  }

  const violations = async () =>
    (
      await pool.query<{
        account_id: string;
        occurred_at: number;
        closed_at: number | null;
        details: Record<string, string>;
      }>(
        `select account_id, occurred_at, closed_at, details from reporting.violations
         where rule = 'long-run-average' order by occurred_at, account_id`,
      )
    ).rows;
  const heads = async () =>
    new Map(
      (
        await pool.query<{ account_id: string; version: number }>(
          'select account_id, version from account_heads',
        )
      ).rows.map(({ account_id, version }) => [account_id, version]),
    );
  const published = async () =>
    (await pool.query<{ record: Record<string, unknown> }>('select record from outbox order by id')).rows.map(
      ({ record }) => record,
    );

  it('finds the account whose average is far above its plan’s, once, with an event that its topic takes', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    expect(await judge()).toEqual([NOW / DAY - 1]);
    const found = await violations();
    expect(found).toMatchObject([{ account_id: 'heavy', occurred_at: NOW, closed_at: null }]);
    expect(found[0]?.details).toMatchObject({
      metric: 'chats',
      plan: 'pro',
      day: '2026-04-30',
      averagePerDay: '1000',
      averagePerDayWithCampaigns: '1000',
      days: '20',
      peersMedianPerDay: '10',
      timesMedian: '100',
      peers: String(PEERS),
    });
    const events = await published();
    expect(events).toMatchObject([{ accountId: 'heavy', plan: 'pro', occurredAt: NOW, detectedAt: NOW }]);
    for (const record of events) schemaType('fair-use.violations.v1').toBuffer(record);
    const versions = await heads();
    expect([versions.get('heavy'), versions.get('pro-0')]).toEqual([8, 7]);
    const { rows } = await pool.query(
      'select compared, outliers from long_run_days where judged_at is not null',
    );
    expect(rows).toEqual([{ compared: PEERS + 1, outliers: 1 }]);
  });

  it('is judged once a day, however many schedulers there are and however often they look', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    const judged = await Promise.all([judge(), judge(), judge()]);
    expect(judged.flat()).toEqual([NOW / DAY - 1]);
    const before = [await violations(), await published(), await heads()];
    // Even if what it rests on has changed meanwhile.
    await pool.query("delete from usage_buckets where account_id = 'heavy'");
    expect(await judge(NOW + HOUR)).toEqual([]);
    expect([await violations(), await published(), await heads()]).toEqual(before);
  });

  it('a day that somebody else has recorded is not recorded again', async () => {
    const { versions } = policyWith({});
    const record = () =>
      transaction(pool, (tx) =>
        recordDay(
          tx,
          20_000,
          versions[0] as (typeof versions)[number],
          { compared: 3, outliers: new Map() },
          { policy: { versions }, now: NOW, id: eventId },
        ),
      );
    expect((await Promise.all([record(), record(), record()])).filter((done) => done !== null)).toHaveLength(
      1,
    );
    expect(await record()).toBeNull();
  });

  it('waits until the day is over and every topic was read up to its end', async () => {
    await population();
    expect(await judge(NOW, policyWith({}), read(NOW, { tickets: -Infinity }))).toEqual([]);
    expect(await judge(NOW - 1)).toEqual([NOW / DAY - 2]);
    expect(await judge(NOW, policyWith({}), read(NOW, { sessions: NOW - 1 }))).toEqual([]);
    expect(await judge(NOW)).toEqual([NOW / DAY - 1]);
  });

  it('judges missed days in their order, each as of its own end', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    await judge();
    expect(await judge(NOW + 12 * DAY)).toEqual(Array.from({ length: 12 }, (_, n) => NOW / DAY + n));
    expect(await violations()).toMatchObject([{ closed_at: null }]);
    // The last heavy day leaves the twenty days with the nineteenth from now.
    await judge(NOW + 25 * DAY);
    expect(await violations()).toMatchObject([{ occurred_at: NOW, closed_at: NOW + 20 * DAY }]);
    expect(await published()).toHaveLength(1);
  });

  it('a new run is a new violation', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    await judge();
    await pool.query(
      `insert into allowances (account_id, allowance_id, rule, extra, from_at, to_at, reason, granted_at)
       values ('heavy', gen_random_uuid(), 'chats-per-hour', 1, $1, $2, '', $1)`,
      [new Date(NOW - 20 * DAY), new Date(NOW)],
    );
    // All its days are agreed now: nothing is left to judge.
    await judge(NOW + DAY);
    expect(await violations()).toMatchObject([{ closed_at: NOW + DAY }]);
    await pool.query('update allowances set withdrawn_at = from_at');
    await judge(NOW + 2 * DAY);
    const found = await violations();
    expect(found.map(({ occurred_at, closed_at }) => [occurred_at, closed_at])).toEqual([
      [NOW, NOW + DAY],
      [NOW + 2 * DAY, null],
    ]);
    const events = await published();
    expect(new Set(events.map(({ violationId }) => violationId)).size).toBe(2);
    expect((await heads()).get('heavy')).toBe(10);
  });

  it('leaves agreed campaigns out, and shows the average with them', async () => {
    await population();
    await account('campaign');
    await chats('campaign', 10, all);
    await chats('campaign', 9_000, [3, 4]);
    await account('both');
    await chats('both', 1_000, all);
    await chats('both', 11_000, [3, 4]);
    await pool.query(
      `insert into allowances (account_id, allowance_id, rule, extra, from_at, to_at, reason, granted_at)
       select id, gen_random_uuid(), 'chats-per-hour', 5000, $1, $2, 'campaign', $1
       from unnest(array['campaign', 'both']) as id`,
      [new Date(NOW - 4 * DAY + HOUR), new Date(NOW - 3 * DAY + 1)],
    );
    await judge();
    const found = await violations();
    expect(found.map(({ account_id }) => account_id)).toEqual(['both']);
    expect(found[0]?.details).toMatchObject({
      averagePerDay: '1000',
      days: '18',
      averagePerDayWithCampaigns: '2000',
      daysWithCampaigns: '20',
    });
  });

  it('compares within plans, and judges neither unknown plans nor accounts that are closed and unused', async () => {
    await population();
    await population('unlimited');
    for (const [id, plan] of [
      ['heavy', 'pro'],
      ['mystery', 'mystery'],
      ['lonely', 'ltd'],
    ] as const) {
      await account(id, plan);
      await chats(id, 1_000, all);
    }
    await account('closed', 'pro', [
      { from: NOW - 200 * DAY, plan: 'pro', status: 'ACTIVE' },
      { from: NOW - DAY, plan: 'pro', status: 'CLOSED' },
    ]);
    await chats('closed', 1_000, all.slice(1));
    await account('moved', 'pro', [
      { from: NOW - 200 * DAY, plan: 'unlimited', status: 'ACTIVE' },
      { from: NOW - 5 * DAY, plan: 'pro', status: 'ACTIVE' },
    ]);
    await chats('moved', 1_000, all);
    await judge();
    expect((await violations()).map(({ account_id, details }) => [account_id, details['plan']])).toEqual([
      ['heavy', 'pro'],
      ['moved', 'unlimited'],
    ]);
  });

  it('sees late events when it sums a day again', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 10, all);
    await judge();
    const used = async () =>
      (
        await pool.query<{ day: number; chats: number }>(
          `select $1::date - day as day, chats from usage_days where account_id = 'heavy' and day >= $1::date - 8 order by 1`,
          [new Date(NOW)],
        )
      ).rows.filter(({ chats: figure }) => figure !== 10);
    await chats('heavy', 5_000, [1, 2, 6, 8]);
    await judge(NOW + DAY);
    // The day before, and the one of a week before.
    expect(await used()).toEqual([{ day: 1, chats: 5_000 }]);
    await judge(NOW + 2 * DAY);
    expect(await used()).toEqual([
      { day: 1, chats: 5_000 },
      { day: 6, chats: 5_000 },
    ]);
  });

  it('goes on where it was interrupted', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    await expect(judge(NOW, policyWith({}), read(NOW), AbortSignal.abort())).rejects.toThrow();
    expect(await violations()).toEqual([]);
    expect(await judge()).toEqual([NOW / DAY - 1]);
    expect(await violations()).toHaveLength(1);
  });

  it('is not judged where the policy does not name it; what was open ends', async () => {
    await population();
    await account('heavy');
    await chats('heavy', 1_000, all);
    await judge();
    expect(await judge(NOW + DAY, policyWith(null))).toEqual([NOW / DAY]);
    expect(await violations()).toMatchObject([{ closed_at: NOW + DAY }]);
    const days = await pool.query('select count(*) as n from usage_days where day >= $1', [new Date(NOW)]);
    expect(days.rows).toEqual([{ n: 0 }]);
  });

  it('keeps no more days than it looks back on and late events reach', async () => {
    await population();
    await pool.query(
      `insert into usage_days select 'old', $1::date - n, 1, 0, 0, 0 from unnest(array[55, 56, 57]) as n`,
      [new Date(NOW)],
    );
    await judge();
    const { rows } = await pool.query("select count(*) as n from usage_days where account_id = 'old'");
    expect(rows).toEqual([{ n: 2 }]);
  });
});
