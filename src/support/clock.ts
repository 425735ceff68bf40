/**
 * The business clock. Rules of the policy (windows, cooldowns, staleness) read it; leases, backoff and
 * record timestamps use the real one. The two differ only in development, by `CLOCK_START`.
 */
export interface Clock {
  /** Business time in epoch milliseconds. */
  now(): number;
  /** What is added to a real instant (a Kafka arrival time) to make it a business one, in milliseconds. */
  readonly shiftMs: number;
}

/** A clock that starts at `startAt` (epoch ms) and runs on; without it, the machine's own time. */
export function createClock(startAt?: number): Clock {
  const shiftMs = startAt === undefined ? 0 : startAt - Date.now();
  return { shiftMs, now: () => Date.now() + shiftMs };
}
