import type { UsageWindow } from '../../domain/counting/usageWindow.js';
import type { Bucket } from '../../domain/counting/bucket.js';
import type { Metric } from '../../domain/policy/policy.js';
import { byteaArray, int4Array, int8Array, textArray, timestampArray } from '../binaryArrays.js';
import type { Queryable } from '../transaction.js';
import { encodeSlots } from './slots.js';

export interface ChunkToWrite {
  readonly accountId: string;
  readonly metric: Metric;
  readonly month: string;
  readonly seq: number;
  readonly ids: Uint8Array;
}

/** Appends chunks of seen ids. A sequence number already taken (unique key) fails: the group moved meanwhile. */
export async function appendSeen(tx: Queryable, chunks: readonly ChunkToWrite[]): Promise<void> {
  if (chunks.length === 0) return;
  await tx.query(
    `insert into seen_ids (account_id, metric, month, seq, ids)
     select account_id, metric::metric, month::date, seq, ids
     from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[])
       as c(account_id, metric, month, seq, ids)`,
    [
      textArray(chunks.map((c) => c.accountId)),
      textArray(chunks.map((c) => c.metric)),
      textArray(chunks.map((c) => c.month)),
      int4Array(chunks.map((c) => c.seq)),
      byteaArray(chunks.map((c) => c.ids)),
    ],
  );
}

export interface BucketToWrite {
  readonly accountId: string;
  readonly bucket: Pick<Bucket, 'metric' | 'periodStart' | 'workspaceId' | 'pairs'>;
}

export async function writeBuckets(tx: Queryable, buckets: readonly BucketToWrite[]): Promise<void> {
  if (buckets.length === 0) return;
  await tx.query(
    `insert into usage_buckets (account_id, metric, period_start, workspace_id, slots)
     select account_id, metric::metric, period_start, workspace_id, slots
     from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bytea[])
       as b(account_id, metric, period_start, workspace_id, slots)
     on conflict (account_id, metric, period_start, workspace_id) do update set slots = excluded.slots`,
    [
      textArray(buckets.map((b) => b.accountId)),
      textArray(buckets.map(({ bucket }) => bucket.metric)),
      timestampArray(buckets.map(({ bucket }) => bucket.periodStart)),
      textArray(buckets.map(({ bucket }) => bucket.workspaceId)),
      byteaArray(buckets.map(({ bucket }) => encodeSlots(bucket.pairs))),
    ],
  );
}

export interface WindowToWrite {
  readonly accountId: string;
  readonly row: UsageWindow;
}

export async function writeWindows(tx: Queryable, rows: readonly WindowToWrite[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into windows (account_id, window_start, rule, workspace_id, window_end, used, peak_60m, limit_value,
       plan, policy_version)
     select account_id, window_start, rule::rule, workspace_id, window_end, used, peak, limit_value, plan, version
     from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::timestamptz[], $6::int8[], $7::int8[],
       $8::int8[], $9::text[], $10::text[])
       as w(account_id, window_start, rule, workspace_id, window_end, used, peak, limit_value, plan, version)
     on conflict (account_id, window_start, rule, workspace_id) do update set
       used = excluded.used, peak_60m = excluded.peak_60m, limit_value = excluded.limit_value,
       plan = excluded.plan, policy_version = excluded.policy_version`,
    [
      textArray(rows.map((r) => r.accountId)),
      timestampArray(rows.map(({ row }) => row.window.start)),
      textArray(rows.map(({ row }) => row.rule)),
      textArray(rows.map(({ row }) => row.workspaceId)),
      timestampArray(rows.map(({ row }) => row.window.end)),
      int8Array(rows.map(({ row }) => row.used)),
      int8Array(rows.map(({ row }) => row.peak)),
      int8Array(rows.map(({ row }) => row.limit)),
      textArray(rows.map(({ row }) => row.plan)),
      textArray(rows.map(({ row }) => row.policyVersion)),
    ],
  );
}
