import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import { MAX_FIGURE } from '../counting/slots.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Window } from '../windows/window.js';
import { closeOverage } from './closing.js';
import type { Context } from './context.js';
import { hasOverage, isClosed, type Ledger } from './ledger.js';
import { firstFigureAt, reaches, surpasses } from './levels.js';
import { emitOverage } from './overageEvent.js';
import type { Cause } from './records.js';

const DAY_MS = 86_400_000;

/** Contract §4: told when surpassed (100), then again at each of these, in per cent of the limit. */
const GROWTH_STEPS = [125, 150, 200, 300, 500, 1000] as const;
const STARTED_STEP = 100;

/** The smallest figure at which an overage step that was not told yet is due; Infinity: none is left. */
export function nextOverageFigure(row: UsageWindow, limit: number, ledger: Ledger): number {
  if (isClosed(ledger, row)) return Infinity;
  if (!hasOverage(ledger, row, STARTED_STEP, limit)) return limit + 1;
  const next = GROWTH_STEPS.find((step) => !hasOverage(ledger, row, step, limit));
  return next === undefined ? Infinity : Math.max(limit + 1, firstFigureAt(limit, next));
}

/**
 * A monthly or yearly limit is surpassed: Business Development is told (policy, "Limit per month": "our Business
 * Development team will reach out to you"), and again at every step that the use grows past; nothing after the window's
 * CLOSED.
 */
export function tellOverage(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  cause: Cause,
  context: Context,
): void {
  const { ledger } = state;
  const limit = row.limit;
  if (ledger === null || limit === null || !surpasses(figureOf(row), limit) || isClosed(ledger, row)) return;
  const passed = [STARTED_STEP, ...GROWTH_STEPS].filter(
    (step) => step === STARTED_STEP || reaches(figureOf(row), limit, step),
  );
  const starts = !hasOverage(ledger, row, STARTED_STEP, limit);
  for (const step of passed) {
    if (!hasOverage(ledger, row, step, limit)) tellStep(state, changes, row, step, cause, context);
  }
  // Late events took an ended window past its limit: nobody waits for its end any more. What started before waits for the
  // input to be read up to the end.
  const endedBefore = cause.arrivedAt !== undefined && cause.arrivedAt >= row.window.end;
  if (starts && endedBefore) closeOverage(state, changes, row, passed.at(-1) ?? STARTED_STEP, context);
}

function tellStep(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  stepPercent: number,
  cause: Cause,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const limit = row.limit ?? 0;
  const kind = stepPercent === STARTED_STEP ? 'STARTED' : 'GREW';
  const id = context.id(
    'overage',
    kind,
    state.accountId,
    workspaceId,
    rule,
    window.start,
    stepPercent,
    limit,
  );
  const projected = projectedUse(figureOf(row), window, cause.at);
  emitOverage(
    state,
    changes,
    row,
    { id, kind, stepPercent, limit, projectedUsed: projected },
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
