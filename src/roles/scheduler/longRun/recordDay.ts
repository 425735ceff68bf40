import { AccountState } from '../../../domain/counting/accountState.js';
import { AccountChanges, type Consequences } from '../../../domain/counting/changes.js';
import type { Context } from '../../../domain/judging/context.js';
import { judgeRun } from '../../../domain/judging/longRun/runs.js';
import type { PolicyVersion } from '../../../domain/policy/policy.js';
import { closeViolations, loadConditions } from '../../../postgres/counting/conditions.js';
import { bumpHeads, lockHeads } from '../../../postgres/counting/heads.js';
import { writeViolations } from '../../../postgres/counting/writeLedger.js';
import { accountsInRun, claimDay } from '../../../postgres/longRun/judgedDays.js';
import { appendOutbox } from '../../../postgres/outbox/append.js';
import type { Queryable } from '../../../postgres/transaction.js';
import type { Comparison } from './compareAccounts.js';

/**
 * Records what came of a day, in one transaction with the day itself: under the locks of the accounts that are outliers or
 * were, runs begin and end. Returns how many, or null when the day was judged before.
 */
export async function recordDay(
  tx: Queryable,
  day: number,
  version: PolicyVersion,
  { compared, outliers }: Comparison,
  context: Context,
): Promise<{ began: number; ended: number } | null> {
  if (!(await claimDay(tx, day, { compared, outliers: outliers.size }, context.now))) return null;
  const ids = [...new Set([...outliers.keys(), ...(await accountsInRun(tx))])].sort();
  const heads = await lockHeads(tx, ids);
  const conditions = await loadConditions(tx, ids);
  const tally = { began: 0, ended: 0, none: 0 };
  const changed = ids.flatMap((accountId) => {
    const state = new AccountState(accountId, heads.get(accountId) ?? 0);
    state.conditions = conditions.get(accountId) ?? null;
    const changes = new AccountChanges();
    const outcome = judgeRun(state, changes, outliers.get(accountId) ?? null, day, version, context);
    tally[outcome] += 1;
    return outcome === 'none' ? [] : [{ accountId, changes }];
  });
  const each = <T>(pick: (of: Consequences) => readonly T[]): { accountId: string; it: T }[] =>
    changed.flatMap(({ accountId, changes }) => pick(changes.consequences).map((it) => ({ accountId, it })));
  await writeViolations(
    tx,
    each((c) => c.violations),
  );
  await closeViolations(
    tx,
    each((c) => c.closedViolations),
  );
  await appendOutbox(
    tx,
    each((c) => c.outgoing).map(({ accountId, it }) => ({ accountId, event: it })),
  );
  await bumpHeads(
    tx,
    changed.map(({ accountId }) => accountId),
  );
  return tally;
}
