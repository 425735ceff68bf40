import type pg from 'pg';
import { bumpHeads, lockHeads } from '../counting/heads.js';
import { timestamp } from '../pool.js';
import { namedTransaction, type Queryable } from '../transaction.js';

const ROWS_AT_ONCE = 5_000;

/**
 * Events parked since before `before` (epoch ms) whose account never became known: dead letters TOO_LATE (contract §3,
 * "Unknown account"). Returns how many.
 */
export async function expireParked(pool: pg.Pool, before: number): Promise<number> {
  const { rows } = await pool.query<{ account_id: string }>(
    'select distinct account_id from parked_events where arrived_at < $1 limit 500',
    [timestamp(before)],
  );
  if (rows.length === 0) return 0;
  const accounts = rows.map(({ account_id }) => account_id);
  return namedTransaction(pool, 'park', async (tx) => {
    await lockHeads(tx, accounts);
    const { rowCount } = await tx.query(
      `with expired as (
         delete from parked_events where account_id = any($1::text[]) and arrived_at < $2
         returning topic, partition, generation, "offset", key, value
       )
       insert into dead_letters (topic, partition, generation, "offset", reason, detail, key, value)
       select topic, partition, generation, "offset", 'TOO_LATE', 'its account did not become known within 35 days',
         key, value
       from expired on conflict do nothing`,
      [accounts, timestamp(before)],
    );
    await bumpHeads(tx, accounts);
    return rowCount ?? 0;
  });
}

/**
 * Deletes buckets of periods that began before `before` (epoch ms), as many as one statement should; returns how many.
 * Nothing in memory or in a window depends on them any more.
 */
export async function forgetBuckets(db: Queryable, before: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from usage_buckets where ctid = any(array(
       select ctid from usage_buckets where period_start < $1 limit ${ROWS_AT_ONCE} for update skip locked))`,
    [timestamp(before)],
  );
  return rowCount ?? 0;
}

export async function countParked(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ parked: number }>('select count(*) as parked from parked_events');
  return rows[0]?.parked ?? 0;
}
