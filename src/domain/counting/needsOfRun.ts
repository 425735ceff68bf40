import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window } from '../windows/window.js';
import type { AccountRun } from './accountRun.js';
import { scopeId } from './accountState.js';
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
  const { state } = run.counting;
  let sums: Map<Metric, Window> | null = null;
  for (const { open, metric, workspaceId, windows } of run.cells) {
    if (open) continue;
    for (let n = 0; n < windows.length; n += 1) {
      const [window, kind] = [windows[n], KINDS[metric][n]];
      if (window === undefined || kind === 'hour' || state.bucketsOf(metric).covers(window)) continue;
      const isMissing = run.rulings
        .of(window)
        .some(({ limits }) =>
          limits.some(
            (limit) =>
              limit.metric === metric &&
              limit.windowKind === kind &&
              state.findWindow(limit.rule, scopeId(limit.scope, workspaceId), window.start) === undefined,
          ),
        );
      if (!isMissing) continue;
      const before = sums?.get(metric) ?? window;
      (sums ??= new Map<Metric, Window>()).set(metric, {
        start: Math.min(before.start, window.start),
        end: Math.max(before.end, window.end),
      });
    }
  }
  return sums;
}
