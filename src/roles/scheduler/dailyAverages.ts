import type pg from 'pg';
import type { Metric, Policy } from '../../domain/policy/policy.js';
import type { Clock } from '../../support/clock.js';
import { eventId } from '../../support/eventId.js';
import type { Log } from '../../support/log.js';
import { reasonOf } from '../../support/outage.js';
import type { Problem } from '../role.js';
import { judgeLongRun } from './longRun.js';

export interface DailyAveragesOptions {
  readonly pool: pg.Pool;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Judges averages beside the scheduler's rounds: comparing every account takes longer than a round may. What fails is
 * tried again in the next one.
 */
export class DailyAverages {
  private running: Promise<void> | null = null;
  private trouble: Problem = null;

  constructor(
    private readonly options: DailyAveragesOptions,
    private readonly signal: AbortSignal,
  ) {}

  /** Begins to judge the days that are due by the input read (by metric, epoch ms), unless it is at it. */
  begin(read: ReadonlyMap<Metric, number>): void {
    this.running ??= this.judge(read).finally(() => {
      this.running = null;
    });
  }

  /** Resolves when nothing is being judged. */
  async settled(): Promise<void> {
    await this.running;
  }

  problem(): Problem {
    return this.trouble;
  }

  private async judge(read: ReadonlyMap<Metric, number>): Promise<void> {
    const { pool, policy, clock, log } = this.options;
    const context = { policy, now: clock.now(), id: eventId };
    try {
      await judgeLongRun({ pool, context, log, signal: this.signal }, read);
      this.trouble = null;
    } catch (error) {
      if (this.signal.aborted) return;
      const reason = reasonOf(error);
      if (this.trouble === null) log.warn({ reason }, 'judging averages waits');
      this.trouble = `judging averages waits: ${reason}`;
    }
  }
}
