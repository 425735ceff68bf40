import type { Metric } from '../policy/policy.js';

/** What is read when an account's events are counted or its windows judged anew; what is in memory of it need not be loaded. */
export interface Needs {
  readonly seen: Map<string, { metric: Metric; month: string }>;
  readonly periods: Map<Metric, Set<number>>;
  readonly windowStarts: Set<number>;
  /** Windows that start from here on (epoch ms) are read whatever they are; Infinity: those of {@link windowStarts} only. */
  windowsFrom: number;
  /** Event times reach back to here. */
  since: number;
}
