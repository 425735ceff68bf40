import type { UsageWindow } from '../../domain/counting/accountState.js';
import type { Metric } from '../../domain/policy/policy.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';
import { encodeSlots } from './slots.js';

export interface ChunkToWrite {
  readonly accountId: string;
  readonly metric: Metric;
  readonly month: string;
  readonly seq: number;
  readonly ids: Buffer;
}

/** Appends chunks of seen ids. A sequence number already taken (unique key) fails: the group moved meanwhile. */
export async function appendSeen(tx: Queryable, chunks: readonly ChunkToWrite[]): Promise<void> {
  if (chunks.length === 0) return;
  await tx.query(
    `insert into seen_ids (account_id, metric, month, seq, ids)
     select * from unnest($1::text[], $2::metric[], $3::date[], $4::int[], $5::bytea[])`,
    [
      chunks.map((c) => c.accountId),
      chunks.map((c) => c.metric),
      chunks.map((c) => c.month),
      chunks.map((c) => c.seq),
      chunks.map((c) => c.ids),
    ],
  );
}

export interface BucketToWrite {
  readonly accountId: string;
  readonly metric: Metric;
  readonly periodStart: number;
  readonly workspaceId: string;
  readonly slots: Float64Array;
}

export async function writeBuckets(tx: Queryable, buckets: readonly BucketToWrite[]): Promise<void> {
  if (buckets.length === 0) return;
  await tx.query(
    `insert into usage_buckets (account_id, metric, period_start, workspace_id, slots)
     select * from unnest($1::text[], $2::metric[], $3::timestamptz[], $4::text[], $5::bytea[])
     on conflict (account_id, metric, period_start, workspace_id) do update set slots = excluded.slots`,
    [
      buckets.map((b) => b.accountId),
      buckets.map((b) => b.metric),
      buckets.map((b) => timestamp(b.periodStart)),
      buckets.map((b) => b.workspaceId),
      buckets.map((b) => encodeSlots(b.slots)),
    ],
  );
}

export async function writeWindows(
  tx: Queryable,
  rows: readonly { accountId: string; row: UsageWindow }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into windows (account_id, window_start, rule, workspace_id, window_end, used, peak_60m, limit_value,
       plan, policy_version)
     select * from unnest($1::text[], $2::timestamptz[], $3::rule[], $4::text[], $5::timestamptz[], $6::int8[],
       $7::int8[], $8::int8[], $9::text[], $10::text[])
     on conflict (account_id, window_start, rule, workspace_id) do update set
       used = excluded.used, peak_60m = excluded.peak_60m, limit_value = excluded.limit_value,
       plan = excluded.plan, policy_version = excluded.policy_version`,
    [
      rows.map((r) => r.accountId),
      rows.map(({ row }) => timestamp(row.window.start)),
      rows.map(({ row }) => row.rule),
      rows.map(({ row }) => row.workspaceId),
      rows.map(({ row }) => timestamp(row.window.end)),
      rows.map(({ row }) => row.used),
      rows.map(({ row }) => row.peak),
      rows.map(({ row }) => row.limit),
      rows.map(({ row }) => row.plan),
      rows.map(({ row }) => row.policyVersion),
    ],
  );
}
