export type WindowKind = 'hour' | 'month' | 'year';

/** Half-open [start, end), epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export const HOUR_MS = 3_600_000;

// A hundred thousand accounts keep rows of the same few hours.
const shared: Window[] = [];
const SHARED = 64;

/** The UTC clock hour that holds the instant (epoch milliseconds). */
export function hourOf(instant: number): Window {
  const hour = Math.floor(instant / HOUR_MS);
  const start = hour * HOUR_MS;
  const place = ((hour % SHARED) + SHARED) % SHARED;
  const known = shared[place];
  if (known?.start === start) return known;
  return (shared[place] = { start, end: start + HOUR_MS });
}
