import type pg from 'pg';
import { AccountState } from '../domain/counting/accountState.js';
import { AccountChanges } from '../domain/counting/changes.js';
import type { Context } from '../domain/judging/context.js';
import { followPolicy } from '../domain/judging/policyChange.js';
import { versionsAfter, type Metric } from '../domain/policy/policy.js';
import { bumpHeads, lockHeads } from '../postgres/counting/heads.js';
import { accountsJudgedBy, hashesInUse } from '../postgres/counting/judgedBy.js';
import { loadAccounts } from '../postgres/counting/loadAccounts.js';
import { transaction, type Queryable } from '../postgres/transaction.js';
import { writeChanges } from './processor/changesWriter.js';
import { loadForPolicy } from './processor/policyLoader.js';

/**
 * Judges the accounts that no event has brought up to the policy in force: once the input was read past an effective
 * date, what arrived before it is counted under the old version. Any number of schedulers may do it at once. Returns how
 * many accounts were judged anew here.
 */
export async function followPolicyEverywhere(
  pool: pg.Pool,
  read: ReadonlyMap<Metric, number>,
  context: Context,
  signal: AbortSignal,
): Promise<number> {
  const until = Math.min(context.now, ...read.values());
  if (!Number.isFinite(until)) return 0;
  const behind = (await hashesInUse(pool)).filter(
    (hash) => versionsAfter(context.policy, hash, until).length > 0,
  );
  if (behind.length === 0) return 0;
  let judged = 0;
  while (!signal.aborted) {
    const accountIds = await accountsJudgedBy(pool, behind);
    if (accountIds.length === 0) break;
    judged += await transaction(pool, (tx) => followUnderLock(tx, accountIds, until, context));
  }
  return judged;
}

async function followUnderLock(
  tx: Queryable,
  accountIds: readonly string[],
  until: number,
  context: Context,
): Promise<number> {
  const heads = await lockHeads(tx, accountIds);
  const accounts = await loadAccounts(tx, accountIds);
  const works = [...heads].map(([accountId, version]) => {
    const state = new AccountState(accountId, version);
    state.account = accounts.get(accountId) ?? null;
    return { state, changes: new AccountChanges() };
  });
  await loadForPolicy(
    tx,
    works.map(({ state }) => ({ state, first: until, last: until })),
    context,
  );
  for (const { state, changes } of works) followPolicy(state, changes, until, context);
  // A processor may have been faster.
  const changed = works.filter(({ changes }) => changes.account !== null);
  await writeChanges(tx, changed);
  await bumpHeads(
    tx,
    changed.map(({ state }) => state.accountId),
  );
  return changed.length;
}
