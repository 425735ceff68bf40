import { resized } from '../../domain/counting/usageColumns.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { StoredRecord } from '../../kafka/consumer/fetchedRecords.js';
import type { LogRecord } from '../../postgres/counting/parked.js';

const SMALLEST_RECORDS = 16;
const SMALLEST_BYTES = 4 * 1024;
/** Room that was this many times too large for what came last is made anew. */
const TOO_LARGE = 8;
const NONE = -1;

/** The record behind a row is needed and was not kept: the batch must be taken in again, with all records. */
export class RecordNotKept extends Error {
  override readonly name = 'RecordNotKept';
}

/**
 * The records of those rows of an intake whose columns do not tell all. Copied out of what was fetched: a few records would
 * keep the bytes of a whole fetch in memory until the commit.
 */
export class KeptRecords {
  private bytes = Buffer.allocUnsafeSlow(SMALLEST_BYTES);
  private used = 0;
  /** Ascending. */
  private rows = new Int32Array(SMALLEST_RECORDS);
  private offsets = new Float64Array(SMALLEST_RECORDS);
  private starts = new Int32Array(SMALLEST_RECORDS);
  /** {@link NONE}: null. */
  private keyLengths = new Int32Array(SMALLEST_RECORDS);
  private valueLengths = new Int32Array(SMALLEST_RECORDS);
  private partitions: TopicPartition[] = [];
  private partitionOf = new Int32Array(SMALLEST_RECORDS);
  private count = 0;

  /** How many bytes keys and values have. */
  get size(): number {
    return this.used;
  }

  /** What is kept from here on is of this partition. */
  begin(of: TopicPartition): void {
    this.partitions.push(of);
  }

  /** Keeps the record of a row; rows come in ascending order. */
  keep(row: number, { offset, key, value }: StoredRecord): void {
    const { count } = this;
    if (count === this.rows.length) this.resize(count * 2);
    this.rows[count] = row;
    this.offsets[count] = offset;
    this.starts[count] = this.used;
    this.partitionOf[count] = this.partitions.length - 1;
    this.keyLengths[count] = this.append(key);
    this.valueLengths[count] = this.append(value);
    this.count = count + 1;
  }

  has(row: number): boolean {
    return this.find(row) >= 0;
  }

  /** The record of a row; throws {@link RecordNotKept}. Its key and value are views. */
  recordOf(row: number): LogRecord & TopicPartition {
    const at = this.find(row);
    const of = this.partitions[this.partitionOf[at] ?? NONE];
    if (at < 0 || of === undefined) throw new RecordNotKept(`the record of row ${row} was not kept`);
    const start = this.starts[at] ?? 0;
    const keyLength = this.keyLengths[at] ?? NONE;
    const key = this.part(start, keyLength);
    const value = this.part(start + Math.max(0, keyLength), this.valueLengths[at] ?? NONE);
    return { ...of, offset: this.offsets[at] ?? 0, key, value };
  }

  /** Begins anew in the same memory; what is far too large for what was in it goes. */
  reset(): void {
    const records = Math.max(SMALLEST_RECORDS, this.count);
    const bytes = Math.max(SMALLEST_BYTES, this.used);
    this.count = 0;
    this.used = 0;
    this.partitions = [];
    if (this.rows.length > records * TOO_LARGE) this.resize(records);
    if (this.bytes.length > bytes * TOO_LARGE) this.bytes = Buffer.allocUnsafeSlow(bytes);
  }

  private append(part: Buffer | null): number {
    if (part === null) return NONE;
    const end = this.used + part.length;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.used);
      this.bytes = larger;
    }
    part.copy(this.bytes, this.used);
    this.used = end;
    return part.length;
  }

  private part(start: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(start, start + length);
  }

  /** Where the record of a row is; negative: nowhere. */
  private find(row: number): number {
    let [from, to] = [0, this.count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.rows[middle] ?? Infinity) < row) from = middle + 1;
      else to = middle;
    }
    return from < this.count && this.rows[from] === row ? from : NONE;
  }

  private resize(capacity: number): void {
    const { count } = this;
    this.rows = resized(this.rows, count, new Int32Array(capacity));
    this.offsets = resized(this.offsets, count, new Float64Array(capacity));
    this.starts = resized(this.starts, count, new Int32Array(capacity));
    this.keyLengths = resized(this.keyLengths, count, new Int32Array(capacity));
    this.valueLengths = resized(this.valueLengths, count, new Int32Array(capacity));
    this.partitionOf = resized(this.partitionOf, count, new Int32Array(capacity));
  }
}
