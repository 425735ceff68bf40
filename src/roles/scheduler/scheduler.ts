import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Kafka } from 'kafkajs';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import type { Policy } from '../../domain/policy/policy.js';
import {
  daysAhead,
  droppedBefore,
  ensureSeenPartitions,
  monthsAround,
  seenMonths,
} from '../../postgres/partitions.js';
import { countParked, expireParked } from '../../postgres/retention/expired.js';
import type { Clock } from '../../support/clock.js';
import { eventId } from '../../support/eventId.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { reasonOf } from '../../support/outage.js';
import { Progress } from '../progress.js';
import type { Problem, Role } from '../role.js';
import { AccountProblems } from './accountProblems.js';
import { closeOverages } from './closeOverages.js';
import { followPolicyEverywhere } from '../followPolicy.js';
import { DailyAverages } from './dailyAverages.js';
import { freeze } from './freeze.js';
import { inputRead } from './inputRead.js';
import { SeenMerging } from './mergeSeen.js';
import { Retention } from './retention.js';

// What is due within two minutes (contract §4, CLOSED) takes two rounds at most.
const ROUND_EVERY_MS = 30_000;
const AFTER_TROUBLE_MS = 5_000;
// A step does a bounded amount of work.
const STEP_WITHIN_MS = 60_000;
// They are made a hundred days ahead: fewer than this, and nobody has made any for two months.
const LEAST_DAYS_AHEAD = 40;

export interface SchedulerOptions {
  readonly pool: pg.Pool;
  readonly policy: Policy;
  /** null: nobody says where the log ends, so idle partitions hold up what waits for the input. */
  readonly kafka: Kafka | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Retention periods are divided by this; default 1. */
  readonly retentionDivisor?: number;
}

/**
 * What is due by time: partitions made ahead, events whose account never came, the policy version now in force, overages
 * of windows that are over, windows that became final, averages of a day that is over, retention. Any number may run.
 */
export class Scheduler implements Role {
  readonly name = 'scheduler';
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private trouble: Problem = 'the scheduler has not made its first round yet';

  private readonly merging = new SeenMerging();
  private readonly retention: Retention;
  private readonly averages: DailyAverages;
  private readonly problems: AccountProblems;
  private saidPartitions = false;
  private readonly progress = new Progress('the scheduler', STEP_WITHIN_MS);

  constructor(private readonly options: SchedulerOptions) {
    const { pool, policy, clock, log, metrics, retentionDivisor = 1 } = options;
    this.averages = new DailyAverages(options, this.stopping.signal);
    this.retention = new Retention({ pool, clock, divisor: retentionDivisor });
    this.problems = new AccountProblems(pool, policy, log, metrics);
  }

  start(): Promise<void> {
    this.running = this.run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.averages.settled();
  }

  problem(): Problem {
    return this.trouble ?? this.progress.problem() ?? this.averages.problem();
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

  /** Every step is tried, whatever becomes of the others: one that fails must not let tables grow. */
  private async round(): Promise<void> {
    const { clock } = this.options;
    const steps: readonly (() => Promise<unknown>)[] = [
      () => this.makePartitions(clock.now()),
      () => this.expireParked(clock.now()),
      () => this.problems.show(clock.now()),
      () => this.followInput(),
      () => this.merging.round(this.options.pool, clock.now()),
      () => this.retention.round(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      if (this.stopping.signal.aborted) return;
      await this.progress.during(step()).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  private async makePartitions(now: number): Promise<void> {
    const { pool } = this.options;
    try {
      const horizon = await droppedBefore(pool);
      const months = monthsAround(now).filter((month) => horizon === null || month >= horizon);
      await ensureSeenPartitions(pool, months);
    } finally {
      await this.watchPartitions(now);
    }
  }

  private async watchPartitions(now: number): Promise<void> {
    const { pool, metrics, log } = this.options;
    const days = daysAhead(await seenMonths(pool), now);
    metrics.partitionsAheadDays.set(days);
    if (days >= LEAST_DAYS_AHEAD) this.saidPartitions = false;
    else if (!this.saidPartitions) {
      this.saidPartitions = true;
      log.error(
        { days: Math.floor(days) },
        'partitions of seen ids are not made ahead: counting will stop there',
      );
    }
  }

  private async expireParked(now: number): Promise<void> {
    const { pool, metrics } = this.options;
    const expired = await expireParked(pool, now - LATE_HORIZON_MS);
    metrics.deadLetters.inc({ reason: 'TOO_LATE' }, expired);
    metrics.parkedNow.set(await countParked(pool));
  }

  /** What waits until the input was read far enough. */
  private async followInput(): Promise<void> {
    const { pool, policy, clock, log } = this.options;
    const read = await inputRead(this.options, this.stopping.signal);
    if (read === null) return;
    const context = { policy, now: clock.now(), id: eventId };
    const judged = await followPolicyEverywhere(pool, read, context, this.stopping.signal);
    if (judged > 0) log.info({ accounts: judged }, 'accounts judged by the policy now in force');
    const closed = await closeOverages(pool, read, context);
    if (closed > 0) log.info({ closed }, 'overages of ended windows closed');
    const months = await freeze(pool, read, clock.now());
    if (months.length > 0) log.info({ months }, 'seen ids dropped');
    this.averages.begin(read);
  }
}
