import type pg from 'pg';
import type { Context } from '../../domain/judging/context.js';
import type { FetchedBatch, FetchedRange } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { schemaIdsOf } from '../../kafka/decode/wireFormat.js';
import { SeenPartitions } from '../../postgres/partitions.js';
import { Backoff } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import { failpoint } from '../../support/failpoints.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import { Progress } from '../progress.js';
import { Wake } from '../wake.js';
import type { AccountCache } from './accountCache.js';
import { Backlog } from './backlog.js';
import { countBatch } from './countBatch.js';
import { verdictOn } from './faults.js';
import type { Intake } from './intake.js';
import { digestOf, type Positions } from './positions.js';
import { TakeIn } from './takeIn.js';

// What lies before and after the records (locks, rows, the commit) costs the same for few and for many: with this much
// to come it is worth waiting for more, as long as it does come.
const BEHIND_RECORDS = 20_000;
const MORE_WITHIN_MS = 200;
const COUNTED_WITHIN_MS = 20_000;

export interface LoopOptions {
  readonly pool: pg.Pool;
  readonly decoder: Decoder;
  readonly cache: AccountCache;
  readonly positions: Positions;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly context: () => Context;
  /** Positions are not what was believed: they must be read again, and everything after them fetched again. */
  readonly onMoved: () => void;
  readonly onCounted: (ranges: readonly FetchedRange[]) => void;
  readonly onFatal: (error: Error) => void;
}

/**
 * A pipeline of depth one: while a transaction counts and commits what was taken in, the next fetches are decoded into
 * the next intake. So transactions are as small as the traffic when caught up, and large when behind. Any failure drops
 * both: the database says where to go on.
 */
export class CountingLoop {
  private open: Intake;
  private openRanges: FetchedRange[] = [];
  private readonly takeIn: TakeIn;
  private readonly partitions = new SeenPartitions();
  private readonly stopping = new AbortController();
  private busy: Promise<void> | null = null;
  private trouble: string | null = null;
  private conflicts = 0;
  private readonly room: (() => void)[] = [];
  private readonly backlog = new Backlog();
  private readonly more = new Wake();
  /** Nothing was counted since the positions were read: whoever waits for a restart waits for this transaction. */
  private isFirst = true;
  private readonly progress = new Progress('counting', COUNTED_WITHIN_MS);

  constructor(private readonly options: LoopOptions) {
    this.takeIn = new TakeIn(options.decoder);
    this.open = this.takeIn.begin();
  }

  /** Resolves to true when the batch was taken in, to false when it has to be fetched again. */
  async submit(batch: FetchedBatch): Promise<boolean> {
    try {
      await this.prepare(batch);
      while (this.open.isFull && !this.stopping.signal.aborted) {
        await new Promise<void>((resolve) => this.room.push(resolve));
      }
      return !this.stopping.signal.aborted && this.take(batch);
    } catch (error) {
      this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  /** Drops what was taken in and is not being counted yet; resolves when nothing is being counted. */
  async drop(): Promise<void> {
    this.forget();
    await this.busy;
  }

  /** What counting waits for, or that a transaction does not end, or null. */
  get problem(): string | null {
    return this.trouble ?? this.progress.problem();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.makeRoom();
    this.more.now();
    await this.busy;
  }

  /** Waits until the writers' schemas are at hand. */
  private async prepare({ topic, records }: FetchedBatch): Promise<void> {
    const schemaIds = schemaIdsOf(records);
    const backoff = new Backoff(this.stopping.signal);
    while (!this.stopping.signal.aborted) {
      try {
        await this.options.decoder.prepare(topic, schemaIds);
        return;
      } catch (error) {
        if (!isOutage(error)) throw error;
        this.options.metrics.countingRetries.inc({ cause: 'outage' });
        this.report(error);
        await backoff.wait();
        this.trouble = null;
      }
    }
  }

  /** Nothing here may wait: the position and what is taken in must move together. */
  private take(batch: FetchedBatch): boolean {
    const { positions, clock } = this.options;
    const { topic, partition, fetchedFrom, next, high, records } = batch;
    const found = positions.accept(batch);
    if (found === 'gap') this.options.onMoved();
    if (typeof found === 'string') return false;
    const { expected, generation, first } = found;
    const last = first < records.count ? records.at(records.count - 1) : null;
    const lastDigest = last === null ? null : digestOf(last);
    if (last !== null && lastDigest !== null) {
      const readUpTo = last.time + clock.shiftMs;
      this.open.step({ topic, partition, expected, generation, next, readUpTo, lastDigest });
      this.takeIn.take(this.open, batch, first, clock.shiftMs);
    }
    positions.advance(batch, lastDigest);
    this.openRanges.push({ topic, partition, fetchedFrom, next, high });
    this.backlog.note(batch);
    this.more.now();
    // In the next turn, so that batches of the same fetch come together.
    this.busy ??= new Promise<void>((done) => setImmediate(done)).then(() => this.run());
    return true;
  }

  private async run(): Promise<void> {
    try {
      while (this.openRanges.length > 0 && !this.stopping.signal.aborted) {
        await this.filled();
        await this.countOpen();
      }
    } catch (error) {
      this.forget();
      this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.busy = null;
    }
  }

  /** Waits for a full intake while the input is behind and more keeps coming. */
  private async filled(): Promise<void> {
    if (this.isFirst) return;
    const { signal } = this.stopping;
    while (!this.open.isFull && this.backlog.records > BEHIND_RECORDS && !signal.aborted) {
      const before = this.open.records;
      this.more.heed();
      await this.more.within(MORE_WITHIN_MS);
      if (this.open.records <= before) return;
    }
  }

  private async countOpen(): Promise<void> {
    const { open, openRanges } = this;
    this.open = this.takeIn.begin();
    this.openRanges = [];
    this.makeRoom();
    try {
      if (open.steps.length > 0) await this.progress.during(this.count(open));
    } catch (error) {
      this.failed(error);
      return;
    }
    // Batches without anything new, as they come again after a failure, say nothing about a lock that is held.
    if (open.steps.length > 0) {
      this.conflicts = 0;
      this.isFirst = false;
    }
    if (this.conflicts === 0) this.trouble = null;
    this.takeIn.counted(open);
    for (const range of openRanges) this.measureLag(range);
    this.options.onCounted(openRanges);
  }

  /** Nothing of the batch was committed, and what was taken in after it follows on nothing. */
  private failed(error: unknown): void {
    const verdict = verdictOn(error, this.conflicts);
    this.options.metrics.countingRetries.inc({ cause: verdict });
    if (verdict === 'fatal') throw error;
    if (verdict === 'conflict') this.conflicts += 1;
    if (verdict === 'outage') {
      this.options.cache.clear();
      this.report(error);
    }
    this.forget();
    this.options.onMoved();
  }

  private forget(): void {
    this.options.positions.clear();
    this.isFirst = true;
    this.backlog.forget();
    this.more.now();
    this.takeIn.forget();
    this.open = this.takeIn.begin();
    this.openRanges = [];
    this.makeRoom();
  }

  private makeRoom(): void {
    for (const resolve of this.room.splice(0)) resolve();
  }

  private async count(intake: Intake): Promise<void> {
    const { pool, cache, metrics, clock } = this.options;
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

  private measureLag({ topic, partition, next, high }: FetchedRange): void {
    this.options.metrics.inputLag.set({ topic, partition }, Math.max(0, high - next));
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
