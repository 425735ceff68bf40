import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import type { AccountRun } from './accountRun.js';
import { scopeId, type AccountState } from './accountState.js';
import type { Cell } from './cell.js';
import { KINDS, windowsToBe } from './count.js';
import type { Needs } from './needs.js';

/** What counting a run reads and is not in memory yet; null: nothing is missing. */
export function missingOf(run: AccountRun): Needs | null {
  const { state } = run.counting;
  let missing: Needs | null = null;
  const needs = (): Needs =>
    (missing ??= { seen: new Map(), periods: new Map(), windowStarts: new Set(), since: run.list.since });
  for (const { open, plain, metric, month, seenKey: key, periodStart, windows, hour } of run.cells) {
    if (open) continue;
    if (!state.seen.has(key)) needs().seen.set(key, { metric, month });
    for (const start of metric === 'chats' ? [hour - HOUR_MS, hour, hour + HOUR_MS] : [periodStart]) {
      if (state.bucketsOf(metric).has(start)) continue;
      const periods = needs().periods;
      periods.set(metric, (periods.get(metric) ?? new Set()).add(start));
    }
    noteMissing(state, metric, windows, needs);
    if (plain)
      for (const others of windowsAtEnds(state, metric, hour)) noteMissing(state, metric, others, needs);
  }
  return missing;
}

/** Notes the windows, one of each kind of the metric, of which not every row is in memory. */
function noteMissing(
  { windows: known }: AccountState,
  metric: Metric,
  windows: readonly Window[],
  needs: () => Needs,
): void {
  for (let n = 0; n < windows.length; n += 1) {
    const window = windows[n];
    if (window === undefined) continue;
    if (!known.has(window.start)) needs().windowStarts.add(window.start);
    if (KINDS[metric][n] === 'hour' && !known.has(window.end)) needs().windowStarts.add(window.end);
  }
}

/**
 * The windows at both ends of an hour, each as a cell has them. Where one begins within the hour, as months do at half past in
 * India, a cell's events belong to both.
 */
function windowsAtEnds(state: AccountState, metric: Metric, hour: number): readonly (readonly Window[])[] {
  return [windowsToBe(state, metric, hour), windowsToBe(state, metric, hour + HOUR_MS - 1)];
}

/** Windows whose sum a run takes, because it opens a row of them (known once rows are loaded). */
export function sumsOfRun(run: AccountRun): Map<Metric, Window> | null {
  let sums: Map<Metric, Window> | null = null;
  for (const cell of run.cells) {
    if (cell.open) continue;
    sums = withSums(sums, run, cell, cell.windows);
    if (!cell.plain) continue;
    for (const windows of windowsAtEnds(run.counting.state, cell.metric, cell.hour)) {
      sums = withSums(sums, run, cell, windows);
    }
  }
  return sums;
}

/** The same with those of the windows, one of each kind of the cell's metric, whose sum the cell takes. */
function withSums(
  before: Map<Metric, Window> | null,
  run: AccountRun,
  cell: Cell,
  windows: readonly Window[],
): Map<Metric, Window> | null {
  let sums = before;
  const { metric } = cell;
  for (let n = 0; n < windows.length; n += 1) {
    const window = windows[n];
    const kind = KINDS[metric][n];
    if (window === undefined || kind === undefined || kind === 'hour') continue;
    if (!opensRow(run, cell, kind, window)) continue;
    const known = sums?.get(metric) ?? window;
    (sums ??= new Map<Metric, Window>()).set(metric, {
      start: Math.min(known.start, window.start),
      end: Math.max(known.end, window.end),
    });
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
