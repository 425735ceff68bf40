import type { Queryable } from '../transaction.js';

const ACCOUNTS_AT_ONCE = 200;

/**
 * The hashes of the policy versions that accounts were judged by last, '' among them where that is not known. There are
 * a handful, found by skipping through the index.
 */
export async function hashesInUse(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ judged_by: string }>(
    `with recursive used(judged_by) as (
       select min(judged_by) from accounts
       union all
       select (select min(a.judged_by) from accounts a where a.judged_by > used.judged_by)
       from used where used.judged_by is not null)
     select judged_by from used where judged_by is not null`,
  );
  return rows.map(({ judged_by }) => judged_by);
}

/** Some of the accounts that were judged by one of these versions last. */
export async function accountsJudgedBy(db: Queryable, hashes: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ account_id: string }>(
    `select account_id from accounts where judged_by = any($1::text[]) limit ${ACCOUNTS_AT_ONCE}`,
    [hashes],
  );
  return rows.map(({ account_id }) => account_id);
}
