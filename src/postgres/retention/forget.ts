import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';
import type { RetentionRule } from './rules.js';

const ROWS_AT_ONCE = 5_000;

/**
 * Deletes rows that a rule lets go, as many as one statement should, and returns how many. Nothing that counts or judges
 * depends on them any more, so no account is locked; rows that somebody has locked wait for the next time.
 * @param before the instant that the rule's age is measured against, epoch ms, by the clock that the rule names
 */
export async function forget(db: Queryable, rule: RetentionRule, before: number): Promise<number> {
  const gone = `delete from ${rule.table} where ctid = any(array(
    select t.ctid from ${rule.table} t where ${rule.where} limit ${ROWS_AT_ONCE} for update of t skip locked))`;
  const statement =
    rule.table === 'notifications'
      ? `with gone as (${gone} returning account_id, notification_id), theirs as (
           delete from deliveries d using gone
           where d.account_id = gone.account_id and d.notification_id = gone.notification_id)
         select 1 from gone`
      : gone;
  const { rowCount } = await db.query(statement, [timestamp(before)]);
  return rowCount ?? 0;
}

/** The database's own clock, epoch ms: a second opinion on what is old. */
export async function databaseNow(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: number }>('select now() as now');
  const [row] = rows;
  if (row === undefined) throw new Error('the database does not tell the time');
  return row.now;
}
