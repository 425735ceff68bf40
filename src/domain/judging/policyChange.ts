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
  for (const { version, since } of changesDue(context.policy, account, at)) {
    state.account = { ...(state.account ?? account), judgedBy: version.hash };
    changes.account = state.account;
    judgeConditions(state, changes, state.account, { policyTime: since, at: since }, context);
    rejudgeOpen(state, changes, since, { eventId: null, at: since }, context);
  }
}

/** What {@link followPolicy} needs loaded besides the conditions, one after the other; nothing is due: empty. */
export function needsOfPolicy(
  account: Account,
  at: number,
  context: Context,
): { needs: Needs; sums: Map<Metric, Window> }[] {
  return changesDue(context.policy, account, at).map(({ since }) =>
    needsOfRejudge(account, since, since, context),
  );
}

/** The versions an account is still to be judged by, each with the instant as of which. */
function changesDue(
  policy: Policy,
  { judgedBy }: Account,
  at: number,
): { version: PolicyVersion; since: number }[] {
  const isKnown = policy.versions.some(({ hash }) => hash === judgedBy);
  return versionsAfter(policy, judgedBy, at).map((version) => ({
    version,
    since: isKnown ? version.effectiveFrom : at,
  }));
}
