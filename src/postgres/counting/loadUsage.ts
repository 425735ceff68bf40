import type { LimitRule, Metric } from '../../domain/policy/policy.js';
import { textArray, timestampArray } from '../binaryArrays.js';
import { SharedTexts } from '../../support/sharedTexts.js';
import type { Queryable } from '../transaction.js';
import { decodeSlots } from './slots.js';

/** Workspaces and what rows name again and again, from one row to the next. */
export const texts = new SharedTexts();

export interface StoredChunk {
  readonly account_id: string;
  readonly month: string;
  readonly seq: number;
  readonly ids: Buffer;
}

/**
 * All chunks of seen ids of the named accounts and months, in any order. Each is looked up by itself (`offset 0` keeps it so): the
 * months are named for the planner to leave out partitions, and of a new partition, which it believes to be small, it would
 * read the whole month for them and compare every chunk with every account.
 */
export async function loadSeen(
  tx: Queryable,
  wanted: readonly { accountId: string; month: string }[],
): Promise<StoredChunk[]> {
  if (wanted.length === 0) return [];
  const { rows } = await tx.query<StoredChunk>(
    `select w.account_id, w.month, s.seq, s.counted as ids
     from unnest($1::text[], $2::text[]) as w(account_id, month)
     cross join lateral (
       select seq, counted from seen_ids
       where account_id = w.account_id and month = w.month::date and month = any($3::date[])
       offset 0
     ) s`,
    [
      textArray(wanted.map((w) => w.accountId)),
      textArray(wanted.map((w) => w.month)),
      [...new Set(wanted.map((w) => w.month))],
    ],
  );
  return rows;
}

export interface StoredBucket {
  readonly accountId: string;
  readonly metric: Metric;
  readonly periodStart: number;
  readonly workspaceId: string;
  /** Slot and count by turns. */
  readonly pairs: number[];
}

interface BucketRow {
  account_id: string;
  metric: Metric;
  period_start: number;
  workspace_id: string;
  slots: Buffer;
}

function bucket(row: BucketRow): StoredBucket {
  return {
    accountId: row.account_id,
    metric: row.metric,
    periodStart: row.period_start,
    workspaceId: texts.of(row.workspace_id),
    pairs: decodeSlots(row.slots),
  };
}

/** The buckets of the named periods, of every workspace. */
export async function loadPeriods(
  tx: Queryable,
  periods: readonly { accountId: string; metric: Metric; periodStart: number }[],
): Promise<StoredBucket[]> {
  if (periods.length === 0) return [];
  const { rows } = await tx.query<BucketRow>(
    `select b.account_id, b.metric, b.period_start, b.workspace_id, b.slots
     from (select account_id, metric::metric, period_start
           from unnest($1::text[], $2::text[], $3::timestamptz[]) as p(account_id, metric, period_start)) p
     join usage_buckets b using (account_id, metric, period_start)`,
    [
      textArray(periods.map((p) => p.accountId)),
      textArray(periods.map((p) => p.metric)),
      timestampArray(periods.map((p) => p.periodStart)),
    ],
  );
  return rows.map(bucket);
}

/** The buckets of whole ranges [from, to) of periods. */
export async function loadRanges(
  tx: Queryable,
  ranges: readonly { accountId: string; metric: Metric; from: number; to: number }[],
): Promise<StoredBucket[]> {
  if (ranges.length === 0) return [];
  const { rows } = await tx.query<BucketRow>(
    `select b.account_id, b.metric, b.period_start, b.workspace_id, b.slots
     from (select account_id, metric::metric, lo, hi
           from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
             as r(account_id, metric, lo, hi)) r
     join usage_buckets b on b.account_id = r.account_id and b.metric = r.metric
       and b.period_start >= r.lo and b.period_start < r.hi`,
    [
      textArray(ranges.map((r) => r.accountId)),
      textArray(ranges.map((r) => r.metric)),
      timestampArray(ranges.map((r) => r.from)),
      timestampArray(ranges.map((r) => r.to)),
    ],
  );
  return rows.map(bucket);
}

export interface StoredWindow {
  readonly account_id: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly rule: LimitRule;
  readonly workspace_id: string;
  readonly used: number;
  readonly peak_60m: number | null;
  readonly limit_value: number | null;
  readonly plan: string;
  readonly policy_version: string;
}

/** The rows of every rule and scope of the windows that start at the instants (epoch ms) or after them. */
export async function loadWindowsFrom(
  tx: Queryable,
  starts: readonly { accountId: string; start: number }[],
): Promise<StoredWindow[]> {
  if (starts.length === 0) return [];
  const { rows } = await tx.query<StoredWindow>(
    `select w.* from unnest($1::text[], $2::timestamptz[]) as s(account_id, window_start)
     join windows w on w.account_id = s.account_id and w.window_start >= s.window_start
     order by w.account_id, w.window_start, w.rule, w.workspace_id`,
    [textArray(starts.map((s) => s.accountId)), timestampArray(starts.map((s) => s.start))],
  );
  return rows;
}

/** The rows of every rule and scope of the windows that start at the named instants. */
export async function loadWindows(
  tx: Queryable,
  starts: readonly { accountId: string; start: number }[],
): Promise<StoredWindow[]> {
  if (starts.length === 0) return [];
  const { rows } = await tx.query<StoredWindow>(
    `select w.* from unnest($1::text[], $2::timestamptz[]) as s(account_id, window_start)
     join windows w using (account_id, window_start)
     order by w.account_id, w.window_start, w.rule, w.workspace_id`,
    [textArray(starts.map((s) => s.accountId)), timestampArray(starts.map((s) => s.start))],
  );
  return rows;
}
