import type { FetchedBatch } from '../../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../../kafka/decode/decoder.js';
import { schemaIdsOf } from '../../../kafka/decode/wireFormat.js';
import { Backoff } from '../../../support/backoff.js';
import { isOutage, reasonOf } from '../../../support/outage.js';
import { Wake } from '../../wake.js';
import type { TakenIn } from '../takenIn.js';
import { Backlog } from './backlog.js';
import { digestOf, type Positions } from './positions.js';
import { TakeIn } from './takeIn.js';

// What lies before and after the records (locks, rows, the commit) costs the same for few and for many: with this much
// to come it is worth waiting for more, as long as it does come.
const BEHIND_RECORDS = 20_000;
const MORE_WITHIN_MS = 200;

// Of each partition. The accounts of a first transaction are not in memory: few are loaded sooner than many.
const FIRST_RECORDS = 200;

export interface GatheringOptions {
  readonly decoder: Decoder;
  readonly positions: Positions;
  /** From real time to business time. */
  readonly shiftMs: number;
  /** What is to be counted next; nothing more comes before it is taken back. */
  readonly onIntake: (taken: TakenIn) => void;
  /** Positions are not what was believed: they must be read again, and everything after them fetched again. */
  readonly onGap: () => void;
  /** What is waited for, or null: not any more. */
  readonly onTrouble: (reason: string | null) => void;
  readonly onFatal: (error: unknown) => void;
}

/**
 * One intake ahead of the counting (decision 9): while one is counted and committed, the next fetches are taken in into
 * the open one. So transactions are as small as the traffic when caught up, and large when behind.
 */
export class Gathering {
  private readonly takeIn: TakeIn;
  private readonly backlog = new Backlog();
  private readonly stopping = new AbortController();
  private readonly room: (() => void)[] = [];
  private readonly more = new Wake();
  private running = false;
  /** An intake is being counted. */
  private isLent = false;
  /** It has something to count, and follows on the positions of now. */
  private hasSteps = false;
  /** Nothing was counted since the positions were read: whoever waits for a restart waits for this transaction. */
  private isFirst = true;

  constructor(private readonly options: GatheringOptions) {
    this.takeIn = new TakeIn(options.decoder);
  }

  /** Resolves to true when the batch was taken in, to false when it has to be fetched again. */
  async submit(batch: FetchedBatch): Promise<boolean> {
    try {
      await this.prepare(batch);
      const { head, tail } = this.isFirst ? headOf(batch) : { head: batch, tail: null };
      await this.until(() => !this.takeIn.open.isFull);
      if (!this.take(head)) return false;
      if (tail === null) return true;
      await this.until(() => !this.isNextTheFirst && !this.takeIn.open.isFull);
      return this.take(tail);
    } catch (error) {
      this.options.onFatal(error);
      return false;
    }
  }

  /** Drops what was taken in and was not handed over. */
  forget(): void {
    this.options.positions.clear();
    this.isFirst = true;
    this.hasSteps = false;
    this.backlog.forget();
    this.takeIn.forget();
    this.more.now();
    this.makeRoom();
  }

  /** What was handed over was counted, or not. */
  takeBack(counted: boolean, known: readonly number[]): void {
    this.isLent = false;
    if (counted && this.hasSteps) this.isFirst = false;
    this.takeIn.takeBack(known);
    this.more.now();
    this.run();
  }

  stop(): void {
    this.stopping.abort();
    this.more.now();
    this.makeRoom();
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
        this.options.onTrouble(reasonOf(error));
        await backoff.wait();
        this.options.onTrouble(null);
      }
    }
  }

  /** What is open will be counted as the first. */
  private get isNextTheFirst(): boolean {
    return this.isFirst && !this.isLent && !this.takeIn.open.isEmpty;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.room.push(resolve));
    }
  }

  /** Nothing here may wait: the position and what is taken in must move together. */
  private take(batch: FetchedBatch): boolean {
    if (this.stopping.signal.aborted) return false;
    const { positions, shiftMs, onGap } = this.options;
    const { open } = this.takeIn;
    const { topic, partition, next, records } = batch;
    const found = positions.accept(batch);
    if (found === 'gap') onGap();
    if (typeof found === 'string') return false;
    const { expected, generation, first } = found;
    const last = first < records.count ? records.at(records.count - 1) : null;
    const lastDigest = last === null ? null : digestOf(last);
    if (last !== null && lastDigest !== null) {
      const readUpTo = last.time + shiftMs;
      open.step({ topic, partition, expected, generation, next, readUpTo, lastDigest });
      this.takeIn.take(batch, first, shiftMs);
    }
    positions.advance(batch, lastDigest);
    open.cover(batch);
    this.backlog.note(batch);
    this.more.now();
    // In the next turn, so that batches of the same fetch come together.
    setImmediate(() => {
      this.run();
    });
    return true;
  }

  private run(): void {
    if (this.running || this.isLent || this.takeIn.open.isEmpty || this.stopping.signal.aborted) return;
    this.running = true;
    this.filled().then(
      () => {
        this.running = false;
        this.handOver();
      },
      (error: unknown) => {
        this.options.onFatal(error);
      },
    );
  }

  /** Waits for a full intake while the input is behind and more keeps coming. */
  private async filled(): Promise<void> {
    if (this.isFirst) return;
    const { signal } = this.stopping;
    while (!this.takeIn.open.isFull && this.backlog.records > BEHIND_RECORDS && !signal.aborted) {
      const before = this.takeIn.open.records;
      this.more.heed();
      await this.more.within(MORE_WITHIN_MS);
      if (this.takeIn.open.records <= before) return;
    }
  }

  private handOver(): void {
    if (this.takeIn.open.isEmpty || this.stopping.signal.aborted) return;
    const taken = this.takeIn.handOver();
    this.isLent = true;
    this.hasSteps = taken.steps.length > 0;
    this.options.onIntake(taken);
    this.makeRoom();
  }

  private makeRoom(): void {
    for (const resolve of this.room.splice(0)) resolve();
  }
}

/** The first records of a batch, and the rest if there is any. */
function headOf(batch: FetchedBatch): { head: FetchedBatch; tail: FetchedBatch | null } {
  const { records } = batch;
  const cut = records.offsets[FIRST_RECORDS];
  if (records.count <= FIRST_RECORDS || cut === undefined) return { head: batch, tail: null };
  return {
    head: { ...batch, next: cut, records: records.slice(0, FIRST_RECORDS) },
    tail: { ...batch, fetchedFrom: cut, records: records.slice(FIRST_RECORDS, records.count) },
  };
}
