import type { ConditionState, FactRule, RecordedFact } from '../../domain/judging/facts.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

interface FactRow {
  account_id: string;
  rule: FactRule;
  fact: string;
  generation: number;
  violation_id: string;
  open: boolean;
}

/** What conditions of the (locked) accounts are judged by: the owner held to, and each fact's newest generation. */
export async function loadConditions(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, ConditionState>> {
  if (accountIds.length === 0) return new Map();
  const facts = new Map<string, RecordedFact[]>(accountIds.map((id) => [id, []]));
  const recorded = await tx.query<FactRow>(
    `select distinct on (account_id, rule, fact) account_id, rule, fact, generation, violation_id,
       closed_at is null as open
     from violations where account_id = any($1::text[]) and fact is not null
     order by account_id, rule, fact, generation desc`,
    [accountIds],
  );
  for (const row of recorded.rows) {
    const { rule, fact, generation, violation_id: violationId, open } = row;
    facts.get(row.account_id)?.push({ rule, fact, generation, violationId, open });
  }
  const { rows } = await tx.query<{ account_id: string; condition_owner: string | null }>(
    'select account_id, condition_owner from accounts where account_id = any($1::text[])',
    [accountIds],
  );
  const owners = new Map(rows.map((row) => [row.account_id, row.condition_owner]));
  return new Map(accountIds.map((id) => [id, { owner: owners.get(id) ?? null, facts: facts.get(id) ?? [] }]));
}

/** The facts of violations have ended (epoch ms); one that is closed already stays as it is. */
export async function closeViolations(
  tx: Queryable,
  closed: readonly {
    readonly accountId: string;
    readonly it: { readonly id: string; readonly closedAt: number };
  }[],
): Promise<void> {
  if (closed.length === 0) return;
  await tx.query(
    `update violations v set closed_at = c.closed_at
     from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as c(account_id, violation_id, closed_at)
     where v.account_id = c.account_id and v.violation_id = c.violation_id and v.closed_at is null`,
    [
      closed.map(({ accountId }) => accountId),
      closed.map(({ it }) => it.id),
      closed.map(({ it }) => timestamp(it.closedAt)),
    ],
  );
}

/** Who held each account when it became not transferable; null: it is transferable. */
export async function writeConditionOwners(
  tx: Queryable,
  owners: readonly { readonly accountId: string; readonly it: { readonly owner: string | null } }[],
): Promise<void> {
  if (owners.length === 0) return;
  await tx.query(
    `update accounts a set condition_owner = o.owner
     from unnest($1::text[], $2::text[]) as o(account_id, owner) where a.account_id = o.account_id`,
    [owners.map(({ accountId }) => accountId), owners.map(({ it }) => it.owner)],
  );
}
