// A member learns by a heartbeat that another one joins, and everybody waits for the last who learns.
const MOST_MS = 1_000;

/** Between two heartbeats of a member (ms). */
export function heartbeatOf(sessionTimeoutMs: number): number {
  return Math.min(MOST_MS, Math.floor(sessionTimeoutMs / 5));
}
