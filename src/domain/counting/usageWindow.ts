import type { LimitRule } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';

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
  /** The database has it, with other figures perhaps. */
  stored: boolean;
}

/** What limits are judged on: the rolling peak for hours, the count for the rest. */
export function figureOf(row: UsageWindow): number {
  return row.peak ?? row.used;
}

// Asked for with every account and batch, and kept by as many.
const monthsByHour = new Map<number, string>();
const MOST = 10_000;

/** First day of the UTC month of an instant, `YYYY-MM-01`. */
export function monthOf(instant: number): string {
  const hour = Math.floor(instant / HOUR_MS);
  let month = monthsByHour.get(hour);
  if (month === undefined) {
    month = `${new Date(instant).toISOString().slice(0, 7)}-01`;
    if (monthsByHour.size >= MOST) monthsByHour.clear();
    monthsByHour.set(hour, month);
  }
  return month;
}
