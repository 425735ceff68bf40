import type { Metric } from '../policy/policy.js';
import type { Window } from '../windows/window.js';

/** What is read when an account's events are counted or its windows judged anew; what is in memory of it need not be loaded. */
export interface Needs {
  /** Months of seen ids, `YYYY-MM-01`. */
  readonly seen: Set<string>;
  readonly periods: Map<Metric, Set<number>>;
  readonly windowStarts: Set<number>;
  /** Windows that start from here on (epoch ms) are read whatever they are; Infinity: those of {@link windowStarts} only. */
  windowsFrom: number;
  /** Event times reach back to here. */
  since: number;
}

/** Nothing yet. @param since, windowsFrom of {@link Needs}, epoch ms */
export function noNeeds(since: number, windowsFrom = Infinity): Needs {
  return { seen: new Set(), periods: new Map(), windowStarts: new Set(), windowsFrom, since };
}

/** Widens what is summed up of a metric, so that it holds the window. */
export function widen(sums: Map<Metric, Window>, metric: Metric, window: Window): void {
  const { start, end } = sums.get(metric) ?? window;
  sums.set(metric, { start: Math.min(start, window.start), end: Math.max(end, window.end) });
}
