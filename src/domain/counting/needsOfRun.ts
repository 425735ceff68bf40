import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import type { AccountRun } from './accountRun.js';
import { scopeId } from './accountState.js';
import type { Cell } from './cell.js';
import { KINDS } from './count.js';
import type { Needs } from './needs.js';

/** What counting a run reads and is not in memory yet; null: nothing is missing. */
export function missingOf(run: AccountRun): Needs | null {
  const { state } = run.counting;
  let missing: Needs | null = null;
  const needs = (): Needs =>
    (missing ??= { seen: new Map(), periods: new Map(), windowStarts: new Set(), since: run.list.since });
  for (const { open, metric, month, seenKey: key, periodStart, windows, hour } of run.cells) {
    if (open) continue;
    if (!state.seen.has(key)) needs().seen.set(key, { metric, month });
    for (const start of metric === 'chats' ? [hour - HOUR_MS, hour, hour + HOUR_MS] : [periodStart]) {
      if (state.bucketsOf(metric).has(start)) continue;
      const periods = needs().periods;
      periods.set(metric, (periods.get(metric) ?? new Set()).add(start));
    }
    for (let n = 0; n < windows.length; n += 1) {
      const window = windows[n];
      if (window === undefined) continue;
      if (!state.windows.has(window.start)) needs().windowStarts.add(window.start);
      if (KINDS[metric][n] === 'hour' && !state.windows.has(window.end)) needs().windowStarts.add(window.end);
    }
  }
  return missing;
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
      const before = sums?.get(metric) ?? window;
      (sums ??= new Map<Metric, Window>()).set(metric, {
        start: Math.min(before.start, window.start),
        end: Math.max(before.end, window.end),
      });
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
