import type { LimitRule } from '../domain/policy/policy.js';
import { timestamp } from './pool.js';
import type { Queryable } from './transaction.js';

const ROWS_AT_ONCE = 5_000;

/**
 * Marks windows of the rules that end up to `until` (epoch ms) as final, as many as one statement should; returns how
 * many. Rows that somebody has locked wait for the next time.
 */
export async function freezeWindows(
  db: Queryable,
  due: readonly { readonly rule: LimitRule; readonly until: number }[],
  now: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `update windows set frozen_at = $3 where ctid = any(array(
       select w.ctid from unnest($1::rule[], $2::timestamptz[]) as d(rule, until)
       join windows w on w.rule = d.rule and w.window_end <= d.until
       where w.frozen_at is null
       limit ${ROWS_AT_ONCE} for update of w skip locked))`,
    [due.map(({ rule }) => rule), due.map(({ until }) => timestamp(until)), timestamp(now)],
  );
  return rowCount ?? 0;
}
