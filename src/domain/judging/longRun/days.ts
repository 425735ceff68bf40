import type { Metric } from '../../policy/policy.js';
import type { Window } from '../../windows/window.js';

export const DAY_MS = 86_400_000;

/** UTC days are numbered from 1970-01-01: the number of the day that holds the instant (epoch ms). */
export function dayOf(instant: number): number {
  return Math.floor(instant / DAY_MS);
}

/** The UTC day of a number, [start, end) in epoch ms. */
export function windowOfDay(day: number): Window {
  return { start: day * DAY_MS, end: (day + 1) * DAY_MS };
}

/**
 * The newest day that is over by the business clock and whose input was read up to its end on every topic (`read`: by
 * metric, epoch ms); null while nothing is known to be read.
 */
export function newestDay(read: ReadonlyMap<Metric, number>, now: number): number | null {
  const until = Math.min(now, ...read.values());
  return read.size > 0 && Number.isFinite(until) ? dayOf(until) - 1 : null;
}

/**
 * The days to be judged, in their order: all after the last one that was, but none so long ago that it lies outside the
 * period (of `days`) that is judged now. The first time ever it is the newest day alone.
 */
export function daysToJudge(lastJudged: number | null, newest: number, days: number): number[] {
  const first = lastJudged === null ? newest : Math.max(lastJudged + 1, newest - days + 1);
  return Array.from({ length: Math.max(0, newest - first + 1) }, (_, n) => first + n);
}

// What is late by a little shows the next day, or a week later; after the late horizon a day is final.
const SUMMED_AGAIN_AFTER = [1, 7, 35];

/**
 * The days whose use is to be summed before `day` is judged over the `days` up to it: those that never were, and those
 * that late events may have changed since.
 */
export function daysToSum(summed: ReadonlySet<number>, day: number, days: number): number[] {
  return Array.from({ length: days }, (_, n) => day - days + 1 + n).filter(
    (one) => !summed.has(one) || SUMMED_AGAIN_AFTER.includes(day - one),
  );
}
