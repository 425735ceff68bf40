import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import { conditionsFor, policyAt } from '../policy/policy.js';
import { begin } from './conditions.js';
import type { Context } from './context.js';

/** What an operator saw. */
export interface ResaleReport {
  /** `''`: the whole account. */
  readonly workspaceId: string;
  readonly detail: string;
}

export type ResaleOutcome =
  | { readonly kind: 'reported'; readonly violationId: string }
  /** The same fact was reported before and has not ended. */
  | { readonly kind: 'open'; readonly violationId: string }
  /** The policy in force has no such condition for the account's plan. */
  | { readonly kind: 'allowed' };

/**
 * An operator reports a resale, which no traffic shows (policy: "You cannot use our chatbots to generate direct revenue
 * by selling our chatbot service to your customers"). The fact is what was seen and where: spaces and case aside, the
 * same words about the same workspace are the same fact.
 */
export function reportResale(
  state: AccountState,
  changes: AccountChanges,
  { workspaceId, detail }: ResaleReport,
  context: Context,
): ResaleOutcome {
  const { account, accountId } = state;
  if (account === null) throw new Error(`account ${accountId} is not known`);
  const { plan, isDeal } = account.snapshot;
  const version = policyAt(context.policy, context.now);
  const condition = conditionsFor(version, plan, isDeal).find(({ rule }) => rule === 'no-resale');
  if (condition === undefined) return { kind: 'allowed' };
  const name = JSON.stringify([workspaceId, detail.trim().replace(/\s+/g, ' ').toLowerCase()]);
  const known = state.conditions;
  if (known === null) throw new Error(`the conditions of ${accountId} were not loaded`);
  const { facts } = known;
  const last = facts.find(({ rule, fact }) => rule === 'no-resale' && fact === name);
  if (last?.open === true) return { kind: 'open', violationId: last.violationId };
  const details = { detail: detail.trim(), clause: condition.clause };
  const fact = { rule: 'no-resale' as const, name, workspaceId, details };
  const generation = (last?.generation ?? -1) + 1;
  const recorded = begin(state, changes, fact, generation, { version, at: context.now }, context);
  state.conditions = { ...known, facts: [...facts.filter((one) => one !== last), recorded] };
  return { kind: 'reported', violationId: recorded.violationId };
}
