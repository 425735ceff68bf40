import type { Metric } from '../policy/policy.js';

/** What has to be loaded before events can be counted, by account. */
export interface Needs {
  readonly seen: Map<string, { metric: Metric; month: string }>;
  readonly periods: Map<Metric, Set<number>>;
  readonly windowStarts: Set<number>;
  /** Event times reach back to here. */
  since: number;
}
