import { createHash } from 'node:crypto';
import type { EmptyFetch, FetchedBatch } from '../../../kafka/consumer/inputConsumer.js';
import type { StoredRecord } from '../../../kafka/consumer/fetchedRecords.js';
import type { LogBounds } from '../../../kafka/consumer/logBounds.js';
import type { EmptyRun, Position } from '../../../postgres/counting/offsets.js';
import { keyOf } from '../../../support/partitionKey.js';
import { InputLost, lossByBounds, lossByDigest } from '../inputLost.js';

interface Tracked {
  /** Everything below this offset was counted, or taken in to be. */
  counted: number;
  /** The log was read up to here without a gap. */
  covered: number;
  /** [counted, empty) holds nothing to count, without a gap. */
  empty: number;
  /** As far as that is written down. */
  emptySaved: number;
  lastDigest: Buffer | null;
  /** Of the log that the offsets belong to. */
  readonly generation: number;
  /** The first offset there was when it began. */
  readonly low: number;
  /** Where a partition begins that the database has not on record. */
  readonly neverCounted: number | null;
}

/** A digest by which a record that was counted is known again. */
export function digestOf({ key, value, time }: Omit<StoredRecord, 'offset'>): Buffer {
  const hash = createHash('sha256').update(String(time));
  for (const part of [key, value]) hash.update(part === null ? '-' : `+${part.length}:`).update(part ?? '');
  return hash.digest().subarray(0, 16);
}

/** Where each assigned partition stands, and whether what is fetched follows on it without a gap. */
export class Positions {
  private readonly tracked = new Map<string, Tracked>();

  /** A new assignment: everything believed before is forgotten. */
  clear(): void {
    this.tracked.clear();
  }

  /**
   * Begins a partition at the database's position and returns the offset to read from: one before it where the record
   * there can be compared. Throws {@link InputLost} when the broker's log is not the one that was counted.
   */
  begin(bounds: LogBounds, position: Position | undefined): number {
    const { low } = bounds;
    const counted = position?.nextOffset ?? low;
    const loss = lossByBounds(bounds, counted);
    if (loss !== null) throw new InputLost([loss]);
    const lastDigest = position?.lastDigest ?? null;
    const from = lastDigest !== null && counted > low ? counted - 1 : counted;
    const generation = position?.generation ?? 0;
    this.tracked.set(keyOf(bounds), {
      counted,
      covered: from,
      empty: counted,
      emptySaved: counted,
      lastDigest,
      generation,
      low,
      neverCounted: position === undefined ? counted : null,
    });
    return from;
  }

  /**
   * From which of its records on a batch is not counted yet. `not-ours`: the partition has not begun (any more). `gap`: the
   * batch does not follow on what was read, or its log ends before what was counted (the client reset its offset).
   * Throws {@link InputLost} when the last record counted is another one now.
   */
  accept(batch: FetchedBatch): { expected: number; generation: number; first: number } | 'not-ours' | 'gap' {
    const tracked = this.tracked.get(keyOf(batch));
    if (tracked === undefined) return 'not-ours';
    const { counted, lastDigest, generation, low } = tracked;
    if (batch.fetchedFrom > tracked.covered || batch.high < counted) return 'gap';
    const { records } = batch;
    const first = records.firstFrom(counted);
    const holdsLast = first > 0 && records.offsets[first - 1] === counted - 1;
    if (holdsLast && lastDigest !== null && !digestOf(records.at(first - 1)).equals(lastDigest)) {
      throw new InputLost([lossByDigest({ ...batch, low }, counted)]);
    }
    return { expected: counted, generation, first };
  }

  /** The batch was taken in (or held nothing new). */
  advance(batch: FetchedBatch, lastDigest: Buffer | null): void {
    const tracked = this.tracked.get(keyOf(batch));
    if (tracked === undefined) return;
    tracked.covered = Math.max(tracked.covered, batch.next);
    if (lastDigest === null) {
      extendEmpty(tracked, batch.fetchedFrom, batch.next);
      return;
    }
    tracked.counted = Math.max(tracked.counted, batch.next);
    tracked.empty = tracked.counted;
    tracked.lastDigest = lastDigest;
  }

  /** A run of the log held nothing to deliver. */
  skip(run: EmptyFetch): void {
    const tracked = this.tracked.get(keyOf(run));
    if (tracked === undefined) return;
    // What does not follow may be of an older assignment: what lies before it was not read.
    if (run.first > tracked.covered) return;
    tracked.covered = Math.max(tracked.covered, run.next);
    extendEmpty(tracked, run.first, run.next);
  }

  /** The runs behind what was counted, or taken in to be, that hold nothing and are not written down as that. */
  unsavedRuns(): EmptyRun[] {
    return [...this.tracked].flatMap(([key, { counted, empty, emptySaved, generation, neverCounted }]) => {
      if (empty <= Math.max(counted, emptySaved)) return [];
      const [topic = '', partition] = key.split('/');
      const begins = counted === neverCounted;
      return [{ topic, partition: Number(partition), nextOffset: counted, generation, until: empty, begins }];
    });
  }

  runSaved(run: EmptyRun): void {
    const tracked = this.tracked.get(keyOf(run));
    if (tracked?.counted === run.nextOffset) tracked.emptySaved = run.until;
  }
}

/** A run that does not follow on what is known to be empty may be of an older assignment: it proves nothing. */
function extendEmpty(tracked: Tracked, first: number, next: number): void {
  if (first <= tracked.empty) tracked.empty = Math.max(tracked.empty, next);
}
