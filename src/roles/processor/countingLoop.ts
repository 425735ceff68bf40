import type pg from 'pg';
import { monthOf } from '../../domain/counting/accountState.js';
import type { Context } from '../../domain/judging/context.js';
import type { FetchedBatch } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder, InputRecord } from '../../kafka/decode/decoder.js';
import type { OffsetStep } from '../../postgres/counting/offsets.js';
import { SeenPartitions } from '../../postgres/partitions.js';
import type { Clock } from '../../support/clock.js';
import { failpoint } from '../../support/failpoints.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import type { AccountCache } from './accountCache.js';
import { Backoff } from '../../support/backoff.js';
import { countBatch, type Item } from './countBatch.js';
import { verdictOn } from './faults.js';
import { digestOf, type Positions } from './positions.js';

// A transaction this large is counted in about a second; more would only make a retry dearer.
const MAX_RECORDS = 100_000;

interface Waiting {
  readonly batch: FetchedBatch;
  readonly resolve: (done: boolean) => void;
}

interface Accepted extends Waiting {
  readonly step: OffsetStep | null;
  readonly records: readonly (InputRecord & { readonly partition: number; readonly offset: number })[];
}

export interface LoopOptions {
  readonly pool: pg.Pool;
  readonly decoder: Decoder;
  readonly cache: AccountCache;
  readonly positions: Positions;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly context: () => Context;
  /** Positions are not what was believed: they must be read again. */
  readonly onMoved: () => void;
  readonly onCounted: (batches: readonly FetchedBatch[]) => void;
  readonly onFatal: (error: Error) => void;
}

/** Takes the batches that lie ready, whatever their partitions, and counts them in one transaction; then the next. */
export class CountingLoop {
  private readonly queue: Waiting[] = [];
  private readonly partitions = new SeenPartitions();
  private readonly stopping = new AbortController();
  private busy: Promise<void> | null = null;
  private trouble: string | null = null;

  constructor(private readonly options: LoopOptions) {}

  /** Resolves to true when the batch is counted, to false when it has to be fetched again. */
  submit(batch: FetchedBatch): Promise<boolean> {
    if (this.stopping.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.queue.push({ batch, resolve });
      // In the next turn, so that batches of the same fetch come together.
      this.busy ??= new Promise<void>((done) => setImmediate(done)).then(() => this.run());
    });
  }

  /** What counting waits for, or null. */
  get problem(): string | null {
    return this.trouble;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.busy;
  }

  private async run(): Promise<void> {
    try {
      while (this.queue.length > 0) await this.countNext(this.takeGroup());
    } catch (error) {
      for (const { resolve } of this.queue.splice(0)) resolve(false);
      this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.busy = null;
    }
  }

  private takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    for (let records = 0; this.queue.length > 0 && records < MAX_RECORDS;) {
      const next = this.queue.shift();
      if (next === undefined) break;
      group.push(next);
      records += next.batch.messages.length;
    }
    return group;
  }

  private async countNext(group: readonly Waiting[]): Promise<void> {
    const accepted: Accepted[] = [];
    let settled = false;
    try {
      for (const waiting of group) {
        const next = this.accept(waiting);
        if (next === null) waiting.resolve(false);
        else accepted.push(next);
      }
      const done = await this.countUntilDone(accepted);
      settled = true;
      for (const { resolve } of accepted) resolve(done);
    } finally {
      if (!settled) for (const { resolve } of group) resolve(false);
    }
  }

  private accept(waiting: Waiting): Accepted | null {
    const { batch } = waiting;
    const found = this.options.positions.accept(batch);
    if (found === 'gap') this.options.onMoved();
    if (typeof found === 'string') return null;
    const last = found.messages.at(-1);
    const arrival = (timestamp: string): number => Number(timestamp) + this.options.clock.shiftMs;
    return {
      ...waiting,
      step:
        last === undefined
          ? null
          : {
              topic: batch.topic,
              partition: batch.partition,
              expected: found.expected,
              generation: found.generation,
              next: batch.next,
              readUpTo: arrival(last.timestamp),
              lastDigest: digestOf(last),
            },
      records: found.messages.map(({ key, value, offset, timestamp }) => ({
        topic: batch.topic,
        partition: batch.partition,
        offset: Number(offset),
        key,
        value,
        arrivedAt: arrival(timestamp),
      })),
    };
  }

  private async countUntilDone(accepted: readonly Accepted[]): Promise<boolean> {
    const steps = accepted.flatMap(({ step }) => (step === null ? [] : [step]));
    const records = accepted.flatMap((a) => a.records).sort(accountsFirst);
    const backoff = new Backoff(this.stopping.signal);
    // Outages in between prove nothing: a database that comes back may well begin with a deadlock.
    let conflicts = 0;
    while (!this.stopping.signal.aborted) {
      try {
        if (steps.length > 0) await this.count(steps, records);
        this.trouble = null;
        for (const { batch, step } of accepted)
          this.options.positions.advance(batch, step?.lastDigest ?? null);
        for (const { batch } of accepted) this.measureLag(batch);
        this.options.onCounted(accepted.map(({ batch }) => batch));
        return true;
      } catch (error) {
        const verdict = verdictOn(error, conflicts);
        this.options.metrics.countingRetries.inc({ cause: verdict });
        if (verdict === 'fatal') throw error;
        if (verdict === 'moved') {
          this.options.onMoved();
          return false;
        }
        if (verdict === 'conflict') conflicts += 1;
        if (isOutage(error)) {
          this.options.cache.clear();
          this.report(error);
        }
        await backoff.wait();
      }
    }
    return false;
  }

  private async count(steps: readonly OffsetStep[], records: Accepted['records']): Promise<void> {
    const { decoder, metrics, clock } = this.options;
    await decoder.prepare(records);
    const decoded: Item[] = records.map((record) => ({ record, decoded: decoder.decode(record) }));
    const dropped = await this.partitions.ensure(this.options.pool, monthsOf(decoded));
    const items = dropped.size === 0 ? decoded : decoded.map((item) => refuseDropped(item, dropped));
    await failpoint('count.decoded');
    const began = performance.now();
    const result = await countBatch(
      this.options.pool,
      this.options.cache,
      steps,
      items,
      this.options.context(),
    );
    metrics.batchSeconds.observe((performance.now() - began) / 1_000);
    metrics.batchRecords.observe(items.length);
    metrics.crossings.inc(result.crossings);
    metrics.parkedEvents.inc(result.parked);
    metrics.cachedAccounts.set(this.options.cache.accounts);
    metrics.cachedBytes.set(this.options.cache.bytes);
    metrics.arrivalLagSeconds.set((clock.now() - Math.max(...steps.map((s) => s.readUpTo))) / 1_000);
    for (const { record, decoded } of items) {
      metrics.recordsRead.inc({ topic: record.topic, outcome: decoded.kind });
      if (decoded.kind === 'refused') metrics.deadLetters.inc({ reason: decoded.refusal.reason });
    }
  }

  private measureLag({ topic, partition, next, high }: FetchedBatch): void {
    this.options.metrics.inputLag.set({ topic, partition }, Math.max(0, high - next));
  }

  private report(error: unknown): void {
    const reason = reasonOf(error);
    if (this.trouble === null) this.options.log.warn({ reason }, 'counting waits');
    this.trouble = `counting waits: ${reason}`;
  }
}

function monthsOf(items: readonly Item[]): Set<string> {
  const months = new Set<string>();
  for (const { decoded } of items)
    if (decoded.kind === 'usage') months.add(monthOf(decoded.event.occurredAt));
  return months;
}

/** What was counted of a dropped month is not known any more: counting could only be counting twice. */
function refuseDropped(item: Item, dropped: ReadonlySet<string>): Item {
  if (item.decoded.kind !== 'usage') return item;
  const month = monthOf(item.decoded.event.occurredAt);
  if (!dropped.has(month)) return item;
  const detail = `${month.slice(0, 7)} is final: the input was read past its late horizon before this record came`;
  return { ...item, decoded: { kind: 'refused', refusal: { reason: 'TOO_LATE', detail } } };
}

/** Usage is judged by the snapshots that came with it; otherwise the order is that of the log. */
function accountsFirst(a: InputRecord, b: InputRecord): number {
  const rank = (record: InputRecord): number => (record.topic === 'platform.accounts.v1' ? 0 : 1);
  return rank(a) - rank(b);
}
