import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { ensureSeenPartitions, monthsAround } from '../../postgres/partitions.js';
import { countParked, expireParked, forgetPublished } from '../../postgres/retention.js';
import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { reasonOf } from '../../support/outage.js';
import type { Problem, Role } from '../role.js';

const ROUND_EVERY_MS = 60_000;
const AFTER_TROUBLE_MS = 5_000;
const PARKED_FOR_MS = 35 * 86_400_000;

export interface SchedulerOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What is due by time alone: partitions made ahead, retention, events whose account never came. Any number may run. */
export class Scheduler implements Role {
  readonly name = 'scheduler';
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private trouble: Problem = 'the scheduler has not made its first round yet';

  constructor(private readonly options: SchedulerOptions) {}

  start(): Promise<void> {
    this.running = this.run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  problem(): Problem {
    return this.trouble;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.round();
        this.trouble = null;
      } catch (error) {
        const reason = reasonOf(error);
        if (this.trouble === null) this.options.log.warn({ reason }, 'the scheduler waits');
        this.trouble = `the scheduler waits: ${reason}`;
      }
      const pause = this.trouble === null ? ROUND_EVERY_MS : AFTER_TROUBLE_MS;
      await sleep(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async round(): Promise<void> {
    const { pool, clock, metrics } = this.options;
    await ensureSeenPartitions(pool, monthsAround(clock.now()));
    await forgetPublished(pool);
    const expired = await expireParked(pool, clock.now() - PARKED_FOR_MS);
    metrics.deadLetters.inc({ reason: 'TOO_LATE' }, expired);
    metrics.parkedNow.set(await countParked(pool));
  }
}
