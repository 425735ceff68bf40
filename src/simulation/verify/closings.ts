import type { RecountOptions, Truth } from '../truth/types.js';
import { scopeInWords, scopeKey } from './differences.js';
import type { Views } from './views.js';

// Two minutes after the end of the window (contract §4), and a minute for reading the views.
const CLOSED_WITHIN_MS = 180_000;

function closings(views: Views): Map<string, number> {
  const closed = views.overages.filter(({ kind }) => kind === 'CLOSED');
  return new Map(closed.map((one) => [scopeKey(one), one.createdAt]));
}

/** When the engine closed overages by time. That it does so in time is for `overdue` to say. */
export function closingTimes(views: Views): NonNullable<RecountOptions['closedAt']> {
  const times = closings(views);
  return (window) => times.get(scopeKey(window)) ?? null;
}

/** Overages of ended windows that were not closed within their time; the input must have been read. */
export function overdue(truth: Truth, views: Views, now: number): string[] {
  const times = closings(views);
  const late = truth.overages.filter((one) => one.end + CLOSED_WITHIN_MS < now && !times.has(scopeKey(one)));
  return [...new Set(late.map(scopeInWords))].map((scope) => `overage: ${scope}: not closed`);
}
