import type pg from 'pg';
import { databaseNow, forget } from '../../postgres/retention/forget.js';
import { RETENTION_RULES } from '../../postgres/retention/rules.js';
import type { Clock } from '../../support/clock.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
// A look does a bounded amount of work; what is left follows with the next round.
const BATCHES_A_LOOK = 20;

export interface RetentionOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  /** Every period is divided by this: 1, but for trying out in minutes what takes years. */
  readonly divisor: number;
}

/** Deletes what was kept long enough, about once an hour. Any number of schedulers may do it at once. */
export class Retention {
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RetentionOptions) {}

  /** Returns how many rows of which tables are gone; null: it is not time yet. */
  async round(): Promise<ReadonlyMap<string, number> | null> {
    const { pool, clock, divisor } = this.options;
    if (performance.now() - this.lookedAt < EVERY_MS / divisor) return null;
    const real = Math.min(Date.now(), await databaseNow(pool));
    // A clock of this machine that is ahead must not delete anything: the database's has to agree.
    const now = { real, business: Math.min(clock.now(), real + clock.shiftMs) };
    const gone = new Map<string, number>();
    let done = true;
    for (const rule of RETENTION_RULES) {
      const before = now[rule.clock] - (rule.days * DAY_MS) / divisor;
      for (let batch = 0; ; batch += 1) {
        const rows = await forget(pool, rule, before);
        if (rows > 0) gone.set(rule.table, (gone.get(rule.table) ?? 0) + rows);
        if (rows === 0) break;
        if (batch === BATCHES_A_LOOK) {
          done = false;
          break;
        }
      }
    }
    if (done) this.lookedAt = performance.now();
    return gone;
  }
}
