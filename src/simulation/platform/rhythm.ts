import type { Profile } from './roster.js';
import type { Random } from './random.js';

const MINUTE = 60_000;
const hours = new Map<string, Intl.DateTimeFormat>();

function localHour(timeZone: string, now: number): number {
  let format = hours.get(timeZone);
  if (format === undefined) {
    format = hourFormat(timeZone);
    hours.set(timeZone, format);
  }
  return Number(format.format(now));
}

function hourFormat(timeZone: string): Intl.DateTimeFormat {
  const options = { hour: 'numeric', hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat('en', { timeZone, ...options });
  } catch {
    // Customers sleep, whatever zone an odd record names.
    return new Intl.DateTimeFormat('en', { timeZone: 'UTC', ...options });
  }
}

/** How awake the customers of a zone are: little at night, most around the middle of the afternoon. */
export function awake(timeZone: string, now: number): number {
  const hour = localHour(timeZone, now);
  return 0.12 + 0.88 * Math.max(0, Math.sin(((hour - 6) / 17) * Math.PI)) ** 1.3;
}

/** Campaigns: for a while one account gets many times its chats. */
export class Campaigns {
  private running: { accountId: string; until: number } | null = null;
  private nextAt: number;

  constructor(
    private readonly random: Random,
    start: number,
  ) {
    this.nextAt = start + random.between(5, 9) * MINUTE;
  }

  /** Starts and ends campaigns; to be called as time goes on. */
  move(now: number, profiles: readonly Profile[]): void {
    if (this.running !== null && now >= this.running.until) this.running = null;
    if (now < this.nextAt) return;
    const { accountId } = this.random.pick(profiles.filter(({ campaigns }) => campaigns)).snapshot;
    this.running = { accountId, until: now + this.random.between(4, 15) * MINUTE };
    this.nextAt = this.running.until + this.random.between(5, 20) * MINUTE;
  }

  factor(accountId: string): number {
    return this.running?.accountId === accountId ? 25 : 1;
  }
}
