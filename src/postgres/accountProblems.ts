import type { Queryable } from './transaction.js';

const PLANS_SHOWN = 20;

/** Accounts whose newest snapshot made no sense in a field, by field. */
export async function countAccountProblems(db: Queryable): Promise<{ field: string; accounts: number }[]> {
  const { rows } = await db.query<{ field: string; accounts: number }>(
    `select p.field, count(distinct account_id) as accounts
     from accounts, jsonb_to_recordset(problems) as p(field text)
     where problems <> '[]' and not tombstoned group by p.field order by p.field`,
  );
  return rows;
}

/** Plans of accounts that are none of the given, the most frequent ones first; twenty at most. */
export async function unknownPlans(
  db: Queryable,
  known: readonly string[],
): Promise<{ plan: string; accounts: number }[]> {
  const { rows } = await db.query<{ plan: string; accounts: number }>(
    `select plan, count(*) as accounts from accounts
     where not tombstoned and plan <> all($1) group by plan order by accounts desc, plan limit $2`,
    [known, PLANS_SHOWN],
  );
  return rows;
}
