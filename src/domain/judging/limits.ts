import { planBefore, type Account } from '../accounts/account.js';
import { extraFor, type Allowance } from '../accounts/allowance.js';
import {
  LARGEST_LIMIT,
  limitsOf,
  policyAt,
  type Limit,
  type LimitRule,
  type Policy,
  type PolicyVersion,
} from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import type { Context } from './context.js';

/** The plan and policy version a window is judged by, and the limits these give with what was agreed beyond them. */
export interface Ruling {
  readonly plan: string;
  readonly version: PolicyVersion;
  readonly limits: readonly Limit[];
}

/**
 * An open window is judged by the plan and policy version in force at `at` (arrival, epoch ms), an ended one by
 * those at its end (contract §3, "Limits").
 */
export function rulingFor(account: Account, window: Window, at: number, context: Context): Ruling {
  const now = Math.max(at, judgedSince(context.policy, account));
  const open = window.end > now;
  // The plan in force now, unless the window ended before it came: an outage brings events older than a snapshot.
  const plan = planBefore(account, window.end);
  const version = policyAt(context.policy, open ? now : window.end - 1);
  return { plan, version, limits: raised(limitsOf(version, plan), account.allowances, window) };
}

/**
 * What {@link rulingFor} comes to at `at` (arrival, epoch ms) for every window that ends after `since` (epoch ms): the plan
 * and the version in force. null: with allowances, limits differ from window to window.
 */
export function prevailingRuling(
  account: Account,
  at: number,
  context: Context,
): { readonly ruling: Ruling; readonly since: number } | null {
  if (account.allowances.length > 0) return null;
  const { policy } = context;
  const version = policyAt(policy, Math.max(at, judgedSince(policy, account)));
  const plan = planBefore(account, Infinity);
  // Of what is before the first plan and the first version, these are the ones as well.
  const [planSince, versionSince] = [
    account.history.length > 1 ? (account.history.at(-1)?.from ?? Infinity) : -Infinity,
    version === policy.versions[0] ? -Infinity : version.effectiveFrom,
  ];
  return {
    ruling: { plan, version, limits: limitsOf(version, plan) },
    since: Math.max(planSince, versionSince),
  };
}

/**
 * When the version came into force that the account's open windows were judged by: what arrives out of order does not
 * bring back an older one. -Infinity: that is not known.
 */
export function judgedSince(policy: Policy, { judgedBy }: Account): number {
  return policy.versions.find(({ hash }) => hash === judgedBy)?.effectiveFrom ?? -Infinity;
}

/** Limits with what was agreed beyond them for a window. */
export function raised(
  limits: readonly Limit[],
  allowances: readonly Allowance[],
  window: Window,
): readonly Limit[] {
  if (allowances.length === 0) return limits;
  return limits.map((limit) => {
    if (limit.allowed.kind === 'unlimited') return limit;
    const amount = limit.allowed.amount + extraFor(allowances, limit.rule, window);
    return { ...limit, allowed: { kind: 'limited', amount: Math.min(amount, LARGEST_LIMIT) } };
  });
}

export function limitOf(ruling: Ruling, rule: LimitRule, workspaceId: string): Limit | undefined {
  return ruling.limits.find(
    (limit) => limit.rule === rule && (limit.scope === 'account') === (workspaceId === ''),
  );
}
