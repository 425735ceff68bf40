export type WindowKind = 'hour' | 'month' | 'year';

/** Half-open [start, end), epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export const HOUR_MS = 3_600_000;

// A hundred thousand accounts keep rows of the same few windows.
const shared = new Map<number, Window>();
const MOST_SHARED = 10_000;

/** A window, the same object for the same bounds: mostly. */
export function sharedWindow(start: number, end: number): Window {
  const known = shared.get(start);
  if (known?.end === end) return known;
  if (shared.size >= MOST_SHARED) shared.clear();
  const window = { start, end };
  shared.set(start, window);
  return window;
}

/** The UTC clock hour that holds the instant (epoch milliseconds). */
export function hourOf(instant: number): Window {
  const start = Math.floor(instant / HOUR_MS) * HOUR_MS;
  return sharedWindow(start, start + HOUR_MS);
}
