import type pg from 'pg';
import type { Context } from '../../domain/judging/context.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { SeenPartitions } from '../../postgres/partitions.js';
import { Backoff } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import { failpoint } from '../../support/failpoints.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import { Progress } from '../progress.js';
import type { AccountCache } from './accountCache.js';
import { countBatch } from './countBatch.js';
import { verdictOn } from './faults.js';
import type { Intake } from './intake.js';

const COUNTED_WITHIN_MS = 20_000;

export interface LoopOptions {
  readonly pool: pg.Pool;
  /** Of records that were kept. */
  readonly decoder: Decoder;
  readonly cache: AccountCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly context: () => Context;
  /** Ends waiting for a server. */
  readonly signal: AbortSignal;
  readonly onCounted: (intake: Intake) => void;
  /** Nothing of the intake was committed, and what was read after it follows on nothing. */
  readonly onFailed: (intake: Intake) => void;
  readonly onFatal: (error: Error) => void;
}

/**
 * Counts one intake after the other, while the next is read (decision 9). Any failure drops both: the database says
 * where to go on.
 */
export class CountingLoop {
  private readonly partitions = new SeenPartitions();
  private busy: Promise<void> | null = null;
  private trouble: string | null = null;
  private conflicts = 0;
  private readonly progress = new Progress('counting', COUNTED_WITHIN_MS);

  constructor(private readonly options: LoopOptions) {}

  /** Begins to count an intake; the one before must be done with. */
  count(intake: Intake): void {
    if (this.busy !== null) throw new Error('an intake is being counted');
    // In the next turn: what has nothing to count is done with at once, and then nothing is busy.
    this.busy = Promise.resolve()
      .then(() => this.run(intake))
      .catch((error: unknown) => {
        this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
      });
  }

  /** Resolves when nothing is being counted. */
  async idle(): Promise<void> {
    await this.busy;
  }

  /** What counting waits for, or that a transaction does not end, or null. */
  get problem(): string | null {
    return this.trouble ?? this.progress.problem();
  }

  private async run(intake: Intake): Promise<void> {
    try {
      if (intake.steps.length > 0) await this.progress.during(this.commit(intake));
    } catch (error) {
      this.busy = null;
      this.failed(error, intake);
      return;
    }
    this.busy = null;
    // Batches without anything new, as they come again after a failure, say nothing about a lock that is held.
    if (intake.steps.length > 0) this.conflicts = 0;
    if (this.conflicts === 0) this.trouble = null;
    for (const { topic, partition, next, high } of intake.ranges) {
      this.options.metrics.inputLag.set({ topic, partition }, Math.max(0, high - next));
    }
    this.options.onCounted(intake);
  }

  private failed(error: unknown, intake: Intake): void {
    const verdict = verdictOn(error, this.conflicts);
    this.options.metrics.countingRetries.inc({ cause: verdict });
    if (verdict === 'fatal') throw error;
    if (verdict === 'conflict') this.conflicts += 1;
    if (verdict === 'outage') {
      this.options.cache.clear();
      this.report(error);
    }
    this.options.onFailed(intake);
  }

  private async commit(intake: Intake): Promise<void> {
    const { pool, cache, metrics, clock } = this.options;
    await this.prepare(intake);
    const dropped = await this.partitions.ensure(pool, intake.months());
    if (dropped.size > 0) intake.refuseMonths(dropped, tooLate);
    await failpoint('count.decoded');
    const began = performance.now();
    const result = await countBatch(pool, cache, intake, this.options.context());
    metrics.batchSeconds.observe((performance.now() - began) / 1_000);
    metrics.batchRecords.observe(intake.records);
    metrics.crossings.inc(result.crossings);
    metrics.parkedEvents.inc(result.parked);
    metrics.cachedAccounts.set(cache.accounts);
    metrics.cachedBytes.set(cache.bytes);
    const readUpTo = intake.steps.reduce((latest, step) => Math.max(latest, step.readUpTo), -Infinity);
    metrics.arrivalLagSeconds.set((clock.now() - readUpTo) / 1_000);
    for (const [topic, kinds] of intake.outcomes) {
      for (const [outcome, records] of kinds) metrics.recordsRead.inc({ topic, outcome }, records);
    }
    for (const { refusal } of intake.refused) metrics.deadLetters.inc({ reason: refusal.reason });
  }

  /** Records that were kept may have to be decoded here, by schemas that the reading thread has read. */
  private async prepare({ keptWriters }: Intake): Promise<void> {
    const { decoder, metrics, signal } = this.options;
    const backoff = new Backoff(signal);
    for (;;) {
      try {
        for (const [topic, ids] of keptWriters) await decoder.prepare(topic, ids);
        return;
      } catch (error) {
        // Waited out here: the reading thread has the schemas, and would hand over the same again at once.
        if (signal.aborted || !isOutage(error)) throw error;
        metrics.countingRetries.inc({ cause: 'outage' });
        this.report(error);
        await backoff.wait();
      }
    }
  }

  private report(error: unknown): void {
    const reason = reasonOf(error);
    if (this.trouble === null) this.options.log.warn({ reason }, 'counting waits');
    this.trouble = `counting waits: ${reason}`;
  }
}

/** What was counted of a dropped month is not known any more: counting could only be counting twice. */
function tooLate(month: string): { reason: 'TOO_LATE'; detail: string } {
  const detail = `${month.slice(0, 7)} is final: the input was read past its late horizon before this record came`;
  return { reason: 'TOO_LATE', detail };
}
