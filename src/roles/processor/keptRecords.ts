import { columnsIn, moved, roomFor } from '../../domain/counting/sharedColumns.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { StoredRecord } from '../../kafka/consumer/fetchedRecords.js';
import type { LogRecord } from '../../postgres/counting/parked.js';

const SMALLEST_RECORDS = 16;
const SMALLEST_BYTES = 4 * 1024;
// Memory that was never written to costs nothing; what is outgrown is garbage until much later.
const MANY_BYTES = 64 * 1024;
const ROOM_FOR_MANY_BYTES = 8 * 1024 * 1024;
/** Room of which this many times more was written than for what came last is made anew. */
const TOO_LARGE = 8;
const NONE = -1;

/** The record behind a row is needed and was not kept: the batch must be taken in again, with all records. */
export class RecordNotKept extends Error {
  override readonly name = 'RecordNotKept';
}

const LAYOUT = {
  offsets: [Float64Array, 1],
  /** Ascending. */
  rows: [Int32Array, 1],
  starts: [Int32Array, 1],
  /** {@link NONE}: null. */
  keyLengths: [Int32Array, 1],
  valueLengths: [Int32Array, 1],
  partitionOf: [Int32Array, 1],
} as const;

/** What {@link KeptRecords} are made of, as they are handed from one thread to another. */
export interface KeptParts {
  readonly columns: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
  readonly used: number;
  readonly count: number;
  readonly partitions: readonly TopicPartition[];
}

/**
 * The records of those rows of an intake whose columns do not tell all. Copied out of what was fetched: a few records would
 * keep the bytes of a whole fetch in memory until the commit.
 */
export class KeptRecords {
  private buffer = roomFor(LAYOUT, SMALLEST_RECORDS);
  private columns = columnsIn(LAYOUT, this.buffer);
  private bytes = bytesFor(SMALLEST_BYTES);
  private used = 0;
  private count = 0;
  private partitions: TopicPartition[] = [];
  /** The most that was written in this memory. */
  private mostRecords = 0;
  private mostBytes = 0;

  /** The same records, for the thread that {@link parts} were handed to. */
  static of({ columns, bytes, used, count, partitions }: KeptParts): KeptRecords {
    const kept = new KeptRecords();
    kept.use(columns);
    kept.bytes = Buffer.from(bytes);
    kept.used = used;
    kept.count = count;
    kept.partitions = [...partitions];
    return kept;
  }

  get parts(): KeptParts {
    const { buffer: columns, used, count, partitions } = this;
    return { columns, bytes: this.bytes.buffer as SharedArrayBuffer, used, count, partitions };
  }

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
    if (count === this.columns.rows.length) this.use(moved(LAYOUT, this.buffer, count, count * 2));
    const { columns } = this;
    columns.rows[count] = row;
    columns.offsets[count] = offset;
    columns.starts[count] = this.used;
    columns.partitionOf[count] = this.partitions.length - 1;
    columns.keyLengths[count] = this.append(key);
    columns.valueLengths[count] = this.append(value);
    this.count = count + 1;
  }

  has(row: number): boolean {
    return this.find(row) >= 0;
  }

  /** The record of a row; throws {@link RecordNotKept}. Its key and value are views. */
  recordOf(row: number): LogRecord & TopicPartition {
    const at = this.find(row);
    if (at < 0) throw new RecordNotKept(`the record of row ${row} was not kept`);
    return this.at(at);
  }

  /** Begins anew in the same memory; it goes when far more of it was written than for what was in it last. */
  reset(): void {
    const records = Math.max(SMALLEST_RECORDS, this.count);
    const bytes = Math.max(SMALLEST_BYTES, this.used);
    this.mostRecords = Math.max(this.mostRecords, this.count);
    this.mostBytes = Math.max(this.mostBytes, this.used);
    this.count = 0;
    this.used = 0;
    this.partitions = [];
    if (this.mostRecords > records * TOO_LARGE) {
      this.mostRecords = 0;
      this.use(roomFor(LAYOUT, records));
    }
    if (this.mostBytes > bytes * TOO_LARGE) {
      this.mostBytes = 0;
      this.bytes = bytesFor(bytes);
    }
  }

  private at(at: number): LogRecord & TopicPartition {
    const { columns } = this;
    const of = this.partitions[columns.partitionOf[at] ?? NONE];
    if (of === undefined) throw new RangeError(`no partition was begun for record ${at}`);
    const start = columns.starts[at] ?? 0;
    const keyLength = columns.keyLengths[at] ?? NONE;
    const key = this.part(start, keyLength);
    const value = this.part(start + Math.max(0, keyLength), columns.valueLengths[at] ?? NONE);
    return { ...of, offset: columns.offsets[at] ?? 0, key, value };
  }

  private append(part: Buffer | null): number {
    if (part === null) return NONE;
    const end = this.used + part.length;
    if (end > this.bytes.length) {
      const larger = bytesFor(Math.max(end, roomAfter(this.bytes.length)));
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
    const { rows } = this.columns;
    let [from, to] = [0, this.count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((rows[middle] ?? Infinity) < row) from = middle + 1;
      else to = middle;
    }
    return from < this.count && rows[from] === row ? from : NONE;
  }

  private use(buffer: SharedArrayBuffer): void {
    this.buffer = buffer;
    this.columns = columnsIn(LAYOUT, buffer);
  }
}

/** How many bytes there is room for next, when there is none for more than so many. */
function roomAfter(bytes: number): number {
  return bytes < MANY_BYTES ? bytes * 2 : Math.max(bytes * 2, ROOM_FOR_MANY_BYTES);
}

function bytesFor(length: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(length));
}
