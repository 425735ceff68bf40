import type { LimitRule, Metric } from '../policy/policy.js';
import type { Window, WindowKind } from '../windows/window.js';

/** The figure of one scope of a rule in one window. */
export interface UsageWindow {
  readonly rule: LimitRule;
  readonly kind: WindowKind;
  /** `''`: the whole account. */
  readonly workspaceId: string;
  readonly window: Window;
  used: number;
  /** Hours only: the largest 60 consecutive minutes. */
  peak: number | null;
  /** null: unlimited. */
  limit: number | null;
  plan: string;
  policyVersion: string;
  /** The smallest figure at which something is to be judged; derived, never stored. */
  judgeFrom: number;
}

/** What limits are judged on: the rolling peak for hours, the count for the rest. */
export function figureOf(row: UsageWindow): number {
  return row.peak ?? row.used;
}

/** First day of the UTC month of an instant, `YYYY-MM-01`. */
export function monthOf(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 7)}-01`;
}

/** Key of a group of seen ids: a metric and a UTC month (`YYYY-MM-01`). */
export function groupKey(metric: Metric, month: string): string {
  return `${metric}/${month}`;
}
