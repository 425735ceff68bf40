import type { Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Needs } from '../counting/needs.js';
import { policyAt, versionsAfter, type Metric, type Policy, type PolicyVersion } from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import { judgeConditions } from './conditions.js';
import type { Context } from './context.js';
import { needsOfRejudge, rejudgeOpen } from './rejudge.js';

/**
 * Judges an account by every policy version that came into force up to `at` (arrival, epoch ms) and that it was not
 * judged by yet: its open windows and its conditions, as of the version's effective date, as a change of plan would
 * (contract §3; policy: "We reserve the right to modify the terms of the Fair Use Policy at any time"). Doing it again
 * changes nothing.
 */
export function followPolicy(
  state: AccountState,
  changes: AccountChanges,
  at: number,
  context: Context,
): void {
  const { account } = state;
  if (account === null || policyAt(context.policy, at).hash === account.judgedBy) return;
  for (const { version, since } of changesDue(context.policy, account, at, at)) {
    state.account = { ...(state.account ?? account), judgedBy: version.hash };
    changes.account = state.account;
    judgeConditions(state, changes, state.account, { policyTime: since, at: since }, context);
    rejudgeOpen(state, changes, since, { eventId: null, at: since }, context);
  }
}

/**
 * What {@link followPolicy} needs loaded besides the conditions when it is called at `first`, and until `last` (arrivals, epoch
 * ms) again; one after the other. Nothing is due: empty.
 */
export function needsOfPolicy(
  account: Account,
  first: number,
  last: number,
  context: Context,
): { needs: Needs; sums: Map<Metric, Window> }[] {
  return changesDue(context.policy, account, first, last).map(({ since }) =>
    needsOfRejudge(account, since, since, context),
  );
}

/** The versions an account is still to be judged by from `first` to `last`, each with the instant as of which. */
function changesDue(
  policy: Policy,
  { judgedBy }: Account,
  first: number,
  last: number,
): { version: PolicyVersion; since: number }[] {
  const following = (hash: string): { version: PolicyVersion; since: number }[] =>
    versionsAfter(policy, hash, last).map((version) => ({ version, since: version.effectiveFrom }));
  if (policy.versions.some(({ hash }) => hash === judgedBy)) return following(judgedBy);
  const version = policyAt(policy, first);
  return [{ version, since: first }, ...following(version.hash)];
}
