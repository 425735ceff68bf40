import { figureOf, type AccountState, type UsageWindow } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Context } from './context.js';
import { emitOverage } from './overageEvent.js';

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

function stepsOf(state: AccountState, row: UsageWindow) {
  return (state.ledger?.overages ?? []).filter(
    (o) =>
      o.kind !== 'CLOSED' &&
      o.rule === row.rule &&
      o.workspaceId === row.workspaceId &&
      o.windowStart === row.window.start,
  );
}
