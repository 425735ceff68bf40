import type { LimitRule } from '../../domain/policy/policy.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

const ACCOUNTS_AT_ONCE = 200;

/** Windows that end up to `until` (epoch ms) are due. */
export interface Due {
  readonly rule: LimitRule;
  readonly until: number;
}

/** A window with an overage that is to be closed. */
export interface OpenOverage {
  readonly account_id: string;
  readonly rule: LimitRule;
  readonly workspace_id: string;
  readonly window_start: number;
  readonly window_end: number;
}

const OPEN = `
  from unnest($1::rule[], $2::timestamptz[]) as d(rule, until)
  join overages o on o.rule = d.rule and o.window_end <= d.until
  where o.kind = 'STARTED' and o.closed_at is null`;

/** Some of the accounts that have an overage to close. */
export async function accountsToClose(db: Queryable, due: readonly Due[]): Promise<string[]> {
  const { rows } = await db.query<{ account_id: string }>(
    `select distinct o.account_id ${OPEN} limit ${ACCOUNTS_AT_ONCE}`,
    columns(due),
  );
  return rows.map(({ account_id }) => account_id);
}

/** The windows of locked accounts whose overage is to be closed, in a stable order. */
export async function overagesToClose(
  tx: Queryable,
  accountIds: readonly string[],
  due: readonly Due[],
): Promise<OpenOverage[]> {
  const { rows } = await tx.query<OpenOverage>(
    `select distinct o.account_id, o.rule, o.workspace_id, o.window_start, o.window_end ${OPEN}
       and o.account_id = any($3::text[])
     order by o.account_id, o.window_end, o.rule, o.workspace_id`,
    [...columns(due), accountIds],
  );
  return rows;
}

function columns(due: readonly Due[]): [string[], string[]] {
  return [due.map(({ rule }) => rule), due.map(({ until }) => timestamp(until))];
}
