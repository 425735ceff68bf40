import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import { RULES } from '../policy/policy.js';
import type { Context } from './context.js';
import type { Level } from './ledger.js';

/** Why a figure changed: an event, or (null) a change of plan, policy or allowance at `at`. */
export interface Cause {
  readonly eventId: string | null;
  readonly at: number;
  /** Arrival of the cause: the input has been read up to here. Absent where nothing arrived. */
  readonly arrivedAt?: number;
}

/** The common fields of every outgoing event (contract §4), in its order. */
export function commonFields(
  state: AccountState,
  row: UsageWindow,
  level: Level | null,
  cause: Cause,
  context: Context,
): Record<string, unknown> {
  return {
    accountId: state.accountId,
    workspaceId: row.workspaceId === '' ? null : row.workspaceId,
    plan: row.plan,
    policyVersion: row.policyVersion,
    rule: row.rule,
    metric: RULES[row.rule].metric,
    windowKind: row.kind,
    windowStart: row.window.start,
    windowEnd: row.window.end,
    used: figureOf(row),
    limit: row.limit,
    level,
    causeEventId: cause.eventId,
    occurredAt: cause.at,
    detectedAt: context.now,
  };
}
