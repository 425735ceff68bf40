import { figureOf, type AccountState, type UsageWindow } from '../counting/accountState.js';
import { MAX_FIGURE } from '../counting/buckets.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Window } from '../windows/window.js';
import type { Context } from './context.js';
import { emitOverage } from './overageEvent.js';
import type { Cause } from './records.js';

const DAY_MS = 86_400_000;

/**
 * A monthly or yearly limit is surpassed: Business Development is told (policy, "Limit per month": "our Business
 * Development team will reach out to you").
 */
export function startOverage(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  cause: Cause,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const limit = row.limit ?? 0;
  const id = context.id('overage', 'STARTED', state.accountId, workspaceId, rule, window.start, 100, limit);
  const projected = projectedUse(figureOf(row), window, cause.at);
  emitOverage(
    state,
    changes,
    row,
    { id, kind: 'STARTED', stepPercent: 100, limit, projectedUsed: projected },
    cause,
    context,
  );
}

/**
 * The use at the window's end if it goes on as it did on average until `at`; null in the first day, when an average
 * says nothing.
 */
export function projectedUse(used: number, window: Window, at: number): number | null {
  const elapsed = at - window.start;
  if (elapsed < DAY_MS) return null;
  if (at >= window.end) return used;
  const projected = Math.round((used * (window.end - window.start)) / elapsed);
  return Math.max(used, Math.min(projected, MAX_FIGURE));
}
