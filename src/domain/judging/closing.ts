import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import type { AccountChanges } from '../counting/changes.js';
import { readByRule } from '../counting/readUpTo.js';
import type { LimitRule, Metric } from '../policy/policy.js';
import type { Context } from './context.js';
import type { OverageStep } from './ledger.js';
import { emitOverage } from './overageEvent.js';

/**
 * By rule, the instant up to which windows with an overage may be closed: they have ended by the business clock, and the
 * input was read up to their end (contract §4). `read`: by metric, how far its topic was read (epoch ms).
 */
export function closableUntil(
  read: ReadonlyMap<Metric, number>,
  now: number,
): { readonly rule: LimitRule; readonly until: number }[] {
  return readByRule(read, 0).map(({ rule, until }) => ({ rule, until: Math.min(until, now) }));
}

/** The highest step (percent) that was told of a window; 0: no overage was. */
export function highestStep(state: AccountState, row: UsageWindow): number {
  return Math.max(0, ...stepsOf(state, row).map(({ stepPercent }) => stepPercent));
}

/**
 * A monthly or yearly window with an overage is over: its figure so far goes out, once per window (contract §4,
 * "CLOSED"). The id holds no figures, so that whoever closes first, and with whatever figure, closes it for all.
 * `stepPercent` is the highest step reached. Where no limit applies at the window's end any more, the event names the
 * one that was surpassed last.
 */
export function closeOverage(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  stepPercent: number,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const id = context.id('overage', 'CLOSED', state.accountId, workspaceId, rule, window.start);
  const limit = row.limit ?? stepsOf(state, row).at(-1)?.limit ?? 0;
  emitOverage(
    state,
    changes,
    row,
    { id, kind: 'CLOSED', stepPercent, limit, projectedUsed: figureOf(row) },
    { eventId: null, at: window.end },
    context,
  );
}

function stepsOf(state: AccountState, row: UsageWindow): OverageStep[] {
  return (state.ledger?.overages ?? []).filter(
    (o) =>
      o.kind !== 'CLOSED' &&
      o.rule === row.rule &&
      o.workspaceId === row.workspaceId &&
      o.windowStart === row.window.start,
  );
}
