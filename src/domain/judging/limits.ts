import { planBefore, type Account } from '../accounts/account.js';
import { limitsOf, policyAt, type Limit, type LimitRule, type PolicyVersion } from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import type { Context } from './context.js';

/** The plan and policy version a window is judged by, and the limits these give. */
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
  const open = window.end > at;
  // The plan in force now, unless the window ended before it came: an outage brings events older than a snapshot.
  const plan = planBefore(account, window.end);
  const version = policyAt(context.policy, open ? at : window.end - 1);
  return { plan, version, limits: limitsOf(version, plan) };
}

export function limitOf(ruling: Ruling, rule: LimitRule, workspaceId: string): Limit | undefined {
  return ruling.limits.find(
    (limit) => limit.rule === rule && (limit.scope === 'account') === (workspaceId === ''),
  );
}
