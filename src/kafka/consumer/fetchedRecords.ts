import { giveBack } from '../../domain/counting/giveBack.js';

/** A record of the log. */
export interface StoredRecord {
  readonly offset: number;
  /** When it was appended, or as its producer says (the topic's setting); epoch ms. */
  readonly time: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

const PLACES = 4;

/** Memory that the records of several partitions lie in: it is given back when the last of them are. */
export class SharedBytes {
  private users = 0;

  constructor(private readonly bytes: Buffer) {}

  use(): void {
    this.users += 1;
  }

  giveUp(): void {
    this.users -= 1;
    if (this.users === 0) giveBack(this.bytes.buffer);
  }
}

/**
 * The records that one fetch brought of a partition, in columns: where keys and values lie in the bytes. An object for
 * each record costs more to make and to collect than to count. Offsets ascend.
 */
export class FetchedRecords {
  readonly offsets: Float64Array;
  /** Epoch ms ({@link StoredRecord.time}). */
  readonly times: Float64Array;
  private readonly places: Int32Array;
  private memory: SharedBytes | null = null;
  count = 0;

  constructor(
    readonly bytes: Buffer,
    capacity: number,
  ) {
    this.offsets = new Float64Array(capacity);
    this.times = new Float64Array(capacity);
    this.places = new Int32Array(capacity * PLACES);
  }

  /** The bytes lie in memory that may be given back with the records. */
  in(memory: SharedBytes): void {
    memory.use();
    this.memory = memory;
  }

  /** Nobody reads them any more: no record is left, and their memory is free. */
  giveBack(): void {
    this.count = 0;
    for (const column of [this.offsets, this.times, this.places]) giveBack(column.buffer);
    this.memory?.giveUp();
    this.memory = null;
  }

  /** Appends a record whose key and value lie in [start, end) of the bytes; start below 0: there is none. */
  add(
    offset: number,
    time: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { count, places } = this;
    this.offsets[count] = offset;
    this.times[count] = time;
    places[count * PLACES] = keyStart;
    places[count * PLACES + 1] = keyEnd;
    places[count * PLACES + 2] = valueStart;
    places[count * PLACES + 3] = valueEnd;
    this.count = count + 1;
  }

  valueStart(index: number): number {
    return this.places[index * PLACES + 2] ?? -1;
  }

  valueEnd(index: number): number {
    return this.places[index * PLACES + 3] ?? -1;
  }

  key(index: number): Buffer | null {
    return this.part(index * PLACES);
  }

  value(index: number): Buffer | null {
    return this.part(index * PLACES + 2);
  }

  /** A record as a whole; its key and value are views. */
  at(index: number): StoredRecord {
    if (index < 0 || index >= this.count) throw new RangeError(`there is no record ${index}`);
    return {
      offset: this.offsets[index] ?? 0,
      time: this.times[index] ?? 0,
      key: this.key(index),
      value: this.value(index),
    };
  }

  /** The index of the first record from an offset on; {@link count}: there is none. */
  firstFrom(offset: number): number {
    let [from, to] = [0, this.count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.offsets[middle] ?? Infinity) < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Those with an index in [first, end); the bytes are the same. */
  slice(first: number, end: number): FetchedRecords {
    const part = new FetchedRecords(this.bytes, end - first);
    part.offsets.set(this.offsets.subarray(first, end));
    part.times.set(this.times.subarray(first, end));
    part.places.set(this.places.subarray(first * PLACES, end * PLACES));
    part.count = end - first;
    return part;
  }

  private part(at: number): Buffer | null {
    const start = this.places[at] ?? -1;
    return start < 0 ? null : this.bytes.subarray(start, this.places[at + 1]);
  }
}
