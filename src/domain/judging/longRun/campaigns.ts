import type { Allowance } from '../../accounts/allowance.js';
import { RULES, type Metric } from '../../policy/policy.js';
import type { Window } from '../../windows/window.js';

/**
 * By metric, when more than usual was agreed (policy: "Users are allowed to have big campaigns with increased traffic"):
 * from the beginning of an allowance on any limit of the metric to its end, or to its withdrawal.
 */
export function campaignsOf(allowances: readonly Allowance[]): Partial<Record<Metric, Window[]>> {
  const campaigns: Partial<Record<Metric, Window[]>> = {};
  for (const { rule, from, to, withdrawnAt } of allowances) {
    if (rule === 'file-size') continue;
    const end = Math.min(to, withdrawnAt ?? to);
    if (end > from) (campaigns[RULES[rule].metric] ??= []).push({ start: from, end });
  }
  return campaigns;
}
