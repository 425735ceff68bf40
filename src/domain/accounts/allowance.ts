import type { LimitRule } from '../policy/policy.js';
import type { Window } from '../windows/window.js';

/** What can be agreed beforehand: more than a limit gives, or larger files. */
export type AllowedRule = LimitRule | 'file-size';

/**
 * More than the plan gives, agreed for a time (policy: "If you plan to have the amount of traffic higher than the
 * limits referred below, please reach out"). Times in epoch milliseconds.
 */
export interface Allowance {
  readonly id: string;
  readonly rule: AllowedRule;
  /** In the unit of the rule: chats, sessions, tickets, bytes. */
  readonly extra: number;
  /** Agreed for [from, to). */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly grantedAt: number;
  /** null: it stands. */
  readonly withdrawnAt: number | null;
}

/**
 * What is agreed beyond the limit of a rule in a window: every allowance that overlaps the window counts in full, and
 * they add up (contract §8). An open window goes by what stands now, one that has ended by what stood at its end.
 */
export function extraFor(allowances: readonly Allowance[], rule: LimitRule, window: Window): number {
  return sum(
    allowances.filter((a) => a.rule === rule && overlaps(a, window) && stood(a, window.end - 1, window.end)),
  );
}

/** How many bytes a file may have beyond the limit: uploaded at `occurredAt`, judged at its arrival. */
export function extraFileSize(
  allowances: readonly Allowance[],
  occurredAt: number,
  arrivedAt: number,
): number {
  const uploaded = { start: occurredAt, end: occurredAt + 1 };
  return sum(
    allowances.filter(
      (a) => a.rule === 'file-size' && overlaps(a, uploaded) && stood(a, arrivedAt, arrivedAt),
    ),
  );
}

/** Whether the allowance and the window have an instant in common. */
export function overlaps(allowance: Allowance, window: Window): boolean {
  return allowance.from < window.end && allowance.to > window.start;
}

// Granted up to the one instant and not withdrawn before the other.
function stood(allowance: Allowance, granted: number, withdrawn: number): boolean {
  const { grantedAt, withdrawnAt } = allowance;
  return grantedAt <= granted && (withdrawnAt === null || withdrawnAt >= withdrawn);
}

function sum(allowances: readonly Allowance[]): number {
  return allowances.reduce((total, { extra }) => total + extra, 0);
}
