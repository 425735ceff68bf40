import type { UsageWindow } from '../../domain/counting/usageWindow.js';
import type { Bucket } from '../../domain/counting/bucket.js';
import { byteaArray, int8Array, textArray, timestampArray } from '../binaryArrays.js';
import { BinaryRows } from '../binaryRows.js';
import { copyIn } from '../copyIn.js';
import type { Queryable } from '../transaction.js';
import { encodeSlots } from './slots.js';

export interface ChunkToWrite {
  readonly accountId: string;
  readonly month: string;
  readonly seq: number;
  readonly ids: Uint8Array;
}

/** Appends chunks of seen ids. A sequence number already taken (unique key) fails: more was counted meanwhile. */
export async function appendSeen(tx: Queryable, chunks: readonly ChunkToWrite[]): Promise<void> {
  const idBytes = chunks.reduce((sum, { ids }) => sum + ids.length, 0);
  const rows = new BinaryRows(4, chunks.length, idBytes);
  for (const { accountId, month, seq, ids } of chunks) {
    rows.row();
    rows.text(accountId);
    rows.date(month);
    rows.int4(seq);
    rows.bytea(ids);
  }
  await copyIn(tx, 'seen_ids (account_id, month, seq, counted)', rows);
}

export interface BucketToWrite {
  readonly accountId: string;
  readonly bucket: Pick<Bucket, 'metric' | 'periodStart' | 'workspaceId' | 'pairs'>;
}

/** Writes buckets that the database has none of yet; fails (unique key) where it has one. */
export async function addBuckets(tx: Queryable, buckets: readonly BucketToWrite[]): Promise<void> {
  const rows = new BinaryRows(5, buckets.length);
  for (const { accountId, bucket } of buckets) {
    rows.row();
    rows.text(accountId);
    rows.text(bucket.metric);
    rows.timestamptz(bucket.periodStart);
    rows.text(bucket.workspaceId);
    rows.bytea(encodeSlots(bucket.pairs));
  }
  await copyIn(tx, 'usage_buckets (account_id, metric, period_start, workspace_id, slots)', rows);
}

/** Writes buckets whether the database has them or not. */
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

/** Writes rows of windows that the database has none of yet; fails (unique key) where it has one. */
export async function addWindows(tx: Queryable, windows: readonly WindowToWrite[]): Promise<void> {
  const rows = new BinaryRows(10, windows.length);
  for (const { accountId, row } of windows) {
    rows.row();
    rows.text(accountId);
    rows.timestamptz(row.window.start);
    rows.text(row.rule);
    rows.text(row.workspaceId);
    rows.timestamptz(row.window.end);
    rows.int8(row.used);
    rows.int8(row.peak);
    rows.int8(row.limit);
    rows.text(row.plan);
    rows.text(row.policyVersion);
  }
  const columns =
    'account_id, window_start, rule, workspace_id, window_end, used, peak_60m, limit_value, plan, policy_version';
  await copyIn(tx, `windows (${columns})`, rows);
}

/** Writes rows of windows whether the database has them or not. */
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
