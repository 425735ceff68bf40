import { textArray } from '../binaryArrays.js';
import type { Queryable } from '../transaction.js';

/**
 * Locks the accounts for the rest of the transaction, and returns the version of each; accounts never seen begin at
 * version 0. Everything read of them after this call is current. Those that are there are locked in ascending order, as JavaScript
 * compares texts and whatever the database's collation: a transaction that locks some after others keeps to the same order. Where
 * new ones cross with another transaction's, Postgres ends one of the two, and it is counted again.
 */
export async function lockHeads(tx: Queryable, accountIds: readonly string[]): Promise<Map<string, number>> {
  const ids = [...new Set(accountIds)].sort();
  const found = await select(tx, ids);
  if (found.size === ids.length) return found;
  await tx.query(
    'insert into account_heads (account_id, version) select unnest($1::text[]), 0 on conflict do nothing',
    [textArray(ids.filter((id) => !found.has(id)))],
  );
  return select(tx, ids);
}

/** Moves the version of locked accounts: whoever cached any of their state will notice. */
export async function bumpHeads(tx: Queryable, accountIds: readonly string[]): Promise<void> {
  await tx.query('update account_heads set version = version + 1 where account_id = any($1::text[])', [
    textArray(accountIds),
  ]);
}

async function select(tx: Queryable, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ account_id: string; version: number }>(
    `select account_id, version
     from unnest($1::text[]) with ordinality as id (account_id, place) join account_heads h using (account_id)
     order by place for update of h`,
    [textArray(ids)],
  );
  return new Map(rows.map((row) => [row.account_id, row.version]));
}
