import type pg from 'pg';
import { LATE_HORIZON_MS } from '../domain/counting/readUpTo.js';
import { monthEnd, PARTITION_LOCK, partitionName, seenMonths } from './partitions.js';
import { namedTransaction } from './transaction.js';

// Dropping waits for counting transactions under way, and everyone behind it waits too: better try again later.
const LOCK_WAIT_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Drops the seen ids of the months whose end lies the late horizon before `readUpTo` (epoch ms, of every usage topic),
 * the oldest first, and returns them. A month that parked events still belong to is kept, and so are those after it.
 */
export async function dropSeenMonths(pool: pg.Pool, readUpTo: number): Promise<string[]> {
  const dropped: string[] = [];
  for (const month of await seenMonths(pool)) {
    if (monthEnd(Date.parse(month)) + LATE_HORIZON_MS > readUpTo) break;
    if (!(await dropMonth(pool, month))) break;
    dropped.push(month);
  }
  return dropped;
}

async function dropMonth(pool: pg.Pool, month: string): Promise<boolean> {
  const next = monthEnd(Date.parse(month));
  try {
    return await namedTransaction(pool, 'drop', async (tx) => {
      await tx.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
      await tx.query(`select pg_advisory_xact_lock(${PARTITION_LOCK})`);
      const parked = await tx.query(
        "select from parked_events where (usage->>'occurredAt')::numeric < $1 limit 1",
        [next],
      );
      if (parked.rowCount !== 0) return false;
      await tx.query(
        `insert into seen_ids_horizon (dropped_before) values ($1)
         on conflict (only_row) do update
         set dropped_before = greatest(seen_ids_horizon.dropped_before, excluded.dropped_before)`,
        [new Date(next).toISOString().slice(0, 10)],
      );
      await tx.query(`drop table if exists ${partitionName(month)}`);
      return true;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
