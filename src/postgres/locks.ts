import type { Queryable } from './transaction.js';

// Any constant: all relays of a database must share it.
const RELAY_LOCKS = 7_210_333;

/** Tries to take shards for this session; they are free again when the session ends, however it ends. */
export async function tryShards(session: Queryable, shards: readonly number[]): Promise<number[]> {
  if (shards.length === 0) return [];
  const { rows } = await session.query<{ shard: number; held: boolean }>(
    `select shard, pg_try_advisory_lock(${RELAY_LOCKS}, shard) as held from unnest($1::int[]) as s(shard)`,
    [shards],
  );
  return rows.filter(({ held }) => held).map(({ shard }) => shard);
}
