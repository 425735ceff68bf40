export type WindowKind = 'hour' | 'month' | 'year';

/** Half-open [start, end), epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export const HOUR_MS = 3_600_000;

/** The UTC clock hour that holds the instant (epoch milliseconds). */
export function hourOf(instant: number): Window {
  const start = Math.floor(instant / HOUR_MS) * HOUR_MS;
  return { start, end: start + HOUR_MS };
}
