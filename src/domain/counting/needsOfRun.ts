import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import type { AccountRun } from './accountRun.js';
import { scopeId, type AccountState } from './accountState.js';
import type { Cell } from './cell.js';
import { KINDS } from './count.js';
import { noNeeds, widen, type Needs } from './needs.js';

/** What counting a run reads, of those of its cells of which something is not in memory yet; null: nothing is missing. */
export function missingOf(run: AccountRun): Needs | null {
  const { state } = run.counting;
  let missing: Needs | null = null;
  for (const cell of run.cells) {
    if (cell.open || isAtHand(state, cell)) continue;
    missing ??= noNeeds(run.list.since);
    note(missing, cell);
  }
  return missing;
}

/** Whether all that counting into a cell reads is in memory; nearly always it is. */
function isAtHand(state: AccountState, { metric, month, periodStart, windows }: Cell): boolean {
  if (!state.seen.has(month)) return false;
  const buckets = state.bucketsOf(metric);
  if (!buckets.has(periodStart)) return false;
  for (const { start } of windows) if (!state.windows.has(start)) return false;
  if (metric !== 'chats') return true;
  const [before, after] = [periodStart - HOUR_MS, periodStart + HOUR_MS];
  return buckets.has(before) && buckets.has(after) && state.windows.has(after);
}

/** Notes all that counting into a cell reads, in memory or not. */
function note({ seen, periods, windowStarts }: Needs, cell: Cell): void {
  const { metric, month, periodStart, windows } = cell;
  seen.add(month);
  const starts = periods.get(metric) ?? new Set();
  periods.set(metric, starts.add(periodStart));
  for (const { start } of windows) windowStarts.add(start);
  if (metric !== 'chats') return;
  // An hour's rolling sums reach back into the hour before, and its chats into those of the next.
  const [before, after] = [periodStart - HOUR_MS, periodStart + HOUR_MS];
  starts.add(before).add(after);
  windowStarts.add(after);
}

/** Windows whose sum a run takes, because it opens a row of them (known once rows are loaded). */
export function sumsOfRun(run: AccountRun): Map<Metric, Window> | null {
  let sums: Map<Metric, Window> | null = null;
  for (const cell of run.cells) {
    if (cell.open) continue;
    const { metric, windows } = cell;
    for (let n = 0; n < windows.length; n += 1) {
      const window = windows[n];
      const kind = KINDS[metric][n];
      if (window === undefined || kind === undefined || kind === 'hour') continue;
      if (!opensRow(run, cell, kind, window)) continue;
      widen((sums ??= new Map<Metric, Window>()), metric, window);
    }
  }
  return sums;
}

/** Whether a row of the window is missing that the cell's events belong to, and its sum is not in memory. */
function opensRow(run: AccountRun, { metric, workspaceId }: Cell, kind: WindowKind, window: Window): boolean {
  const { state } = run.counting;
  for (const { limits } of run.rulings.of(window)) {
    for (const limit of limits) {
      if (limit.metric !== metric || limit.windowKind !== kind) continue;
      const row = state.findWindow(limit.rule, scopeId(limit.scope, workspaceId), window.start);
      if (row === undefined && !state.bucketsOf(metric).covers(window)) return true;
    }
  }
  return false;
}
