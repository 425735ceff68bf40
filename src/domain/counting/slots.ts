import type { Metric } from '../policy/policy.js';
import { HOUR_MS } from '../windows/window.js';

const DAY_MS = 24 * HOUR_MS;

/** How finely a metric is kept: chats in minutes of a UTC hour (rolling 60 minutes), the rest in quarter-hours of a UTC
 * day (the finest offset of any time zone, so that every window is a sum of whole slots). */
export function periodMs(metric: Metric): number {
  return metric === 'chats' ? HOUR_MS : DAY_MS;
}

export function slotCount(metric: Metric): number {
  return metric === 'chats' ? 60 : 96;
}

/** Length of a slot, ms. */
export function slotMs(metric: Metric): number {
  return periodMs(metric) / slotCount(metric);
}

/** Start (epoch ms) of the period that holds the instant. */
export function periodOf(metric: Metric, instant: number): number {
  return Math.floor(instant / periodMs(metric)) * periodMs(metric);
}

/** The largest figure there is: the next is more than Avro's long may be in this runtime. */
export const MAX_FIGURE = Number.MAX_SAFE_INTEGER - 1;

/** A sum that stays at {@link MAX_FIGURE}: absurd upload sizes must not make figures unreadable. */
export function plus(figure: number, amount: number): number {
  return Math.min(MAX_FIGURE, figure + amount);
}
