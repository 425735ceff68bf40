import type { Allowance, AllowedRule } from '../../domain/accounts/allowance.js';
import { textArray } from '../binaryArrays.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

interface AllowanceRow {
  account_id: string;
  allowance_id: string;
  rule: AllowedRule;
  extra: number;
  from_at: number;
  to_at: number;
  reason: string;
  granted_at: number;
  withdrawn_at: number | null;
}

/** The allowances of accounts, withdrawn ones included, in the order of being granted. */
export async function loadAllowances(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, Allowance[]>> {
  const found = new Map<string, Allowance[]>();
  if (accountIds.length === 0) return found;
  const { rows } = await tx.query<AllowanceRow>(
    `select account_id, allowance_id, rule, extra, from_at, to_at, reason, granted_at, withdrawn_at
     from allowances where account_id = any($1::text[]) order by account_id, granted_at, allowance_id`,
    [textArray(accountIds)],
  );
  for (const row of rows) {
    const of = found.get(row.account_id) ?? [];
    found.set(row.account_id, [...of, allowance(row)]);
  }
  return found;
}

/** Records allowances granted, and the end of those that were withdrawn. */
export async function writeAllowances(
  tx: Queryable,
  allowances: readonly { readonly accountId: string; readonly it: Allowance }[],
): Promise<void> {
  if (allowances.length === 0) return;
  const column = <V>(value: (it: Allowance) => V): V[] => allowances.map(({ it }) => value(it));
  await tx.query(
    `insert into allowances (account_id, allowance_id, rule, extra, from_at, to_at, reason, granted_at, withdrawn_at)
     select * from unnest($1::text[], $2::uuid[], $3::rule[], $4::int8[], $5::timestamptz[], $6::timestamptz[],
       $7::text[], $8::timestamptz[], $9::timestamptz[])
     on conflict (account_id, allowance_id) do update set withdrawn_at = excluded.withdrawn_at`,
    [
      allowances.map(({ accountId }) => accountId),
      column((a) => a.id),
      column((a) => a.rule),
      column((a) => a.extra),
      column((a) => timestamp(a.from)),
      column((a) => timestamp(a.to)),
      column((a) => a.reason),
      column((a) => timestamp(a.grantedAt)),
      column((a) => (a.withdrawnAt === null ? null : timestamp(a.withdrawnAt))),
    ],
  );
}

function allowance(row: AllowanceRow): Allowance {
  return {
    id: row.allowance_id,
    rule: row.rule,
    extra: row.extra,
    from: row.from_at,
    to: row.to_at,
    reason: row.reason,
    grantedAt: row.granted_at,
    withdrawnAt: row.withdrawn_at,
  };
}
