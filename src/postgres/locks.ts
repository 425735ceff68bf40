import type pg from 'pg';
import type { Queryable } from './transaction.js';

// Any constant: all relays of a database must share it.
const RELAY_LOCKS = 7_210_333;
const LONG_RUN_LOCK = 7_210_334;

/** Tries to take shards for this session; they are free again when the session ends, however it ends. */
export async function tryShards(session: Queryable, shards: readonly number[]): Promise<number[]> {
  if (shards.length === 0) return [];
  const { rows } = await session.query<{ shard: number; held: boolean }>(
    `select shard, pg_try_advisory_lock(${RELAY_LOCKS}, shard) as held from unnest($1::int[]) as s(shard)`,
    [shards],
  );
  return rows.filter(({ held }) => held).map(({ shard }) => shard);
}

/**
 * Runs the daily comparison of averages on a session that alone may: what it writes goes through that session, so that
 * one that lost the lock writes no more. Returns null, without running it, while another session has the lock.
 */
export async function underLongRunLock<T>(
  pool: pg.Pool,
  work: (session: pg.PoolClient) => Promise<T>,
): Promise<T | null> {
  const session = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await session.query<{ held: boolean }>(
      `select pg_try_advisory_lock(${LONG_RUN_LOCK}) as held`,
    );
    if (rows[0]?.held !== true) return null;
    const result = await work(session);
    await session.query(`select pg_advisory_unlock(${LONG_RUN_LOCK})`);
    return result;
  } catch (error) {
    // The lock goes with the session.
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    session.release(broken);
  }
}
