import { FetchedRecords } from './fetchedRecords.js';
import { Varints } from './varints.js';

/** Offset and length of a record batch; what its length counts comes after them. */
const HEAD_BYTES = 12;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const FIRST_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
/** Bytes before the first record of a batch. */
export const RECORDS_AT = 61;
const FORMAT = 2;

const COMPRESSED = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A transaction that was aborted: its records lie from `firstOffset` on, up to the producer's next abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** The records of a compressed batch, as they were before; by the batch's attributes. */
export type Decompress = (attributes: number, bytes: Buffer) => Promise<Buffer>;

export interface Fetched {
  readonly records: FetchedRecords;
  /** The last offset that the record batches cover, whatever is left of them. */
  readonly lastOffset: number;
}

/** One record batch: what its records have in common, and where they lie. */
interface Batch {
  readonly attributes: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Epoch ms. */
  readonly firstTimestamp: number;
  /** All records have this one when the broker stamped them; null: each has its own. */
  readonly appendedAt: number | null;
  readonly producerId: bigint;
  readonly count: number;
  bytes: Buffer;
  start: number;
}

/**
 * The records of a partition in a fetch that began at the offset `from`, without those of aborted transactions and
 * control records; null: not one whole batch is there. The last batch may be cut off, by the size of the fetch: it is left
 * out. Throws a RangeError for what is no record batch.
 */
export async function readRecordBatches(
  bytes: Buffer,
  from: number,
  aborted: readonly AbortedTransaction[],
  decompress: Decompress,
): Promise<Fetched | null> {
  const batches = batchesIn(bytes);
  const last = batches.at(-1);
  if (last === undefined) return null;
  const wanted = withoutAborted(batches, aborted);
  const count = wanted.reduce((sum, batch) => sum + batch.count, 0);
  const records = new FetchedRecords(await inOneBuffer(bytes, wanted, decompress), count);
  for (const batch of wanted) addRecords(records, batch, from);
  return { records, lastOffset: last.lastOffset };
}

function batchesIn(bytes: Buffer): Batch[] {
  const batches: Batch[] = [];
  for (let at = 0; at + RECORDS_AT <= bytes.length;) {
    const end = at + HEAD_BYTES + bytes.readInt32BE(at + 8);
    if (bytes[at + MAGIC_AT] !== FORMAT) {
      throw new RangeError(`records in format ${bytes[at + MAGIC_AT] ?? 0} (before Kafka 0.11) are not read`);
    }
    if (end < at + RECORDS_AT) throw new RangeError('a record batch is shorter than its head');
    if (end > bytes.length) break;
    batches.push(batchAt(bytes, at, end));
    at = end;
  }
  return batches;
}

function batchAt(bytes: Buffer, at: number, end: number): Batch {
  const long = (where: number): number => Number(bytes.readBigInt64BE(at + where));
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
  const firstOffset = long(0);
  return {
    attributes,
    firstOffset,
    lastOffset: firstOffset + bytes.readInt32BE(at + LAST_DELTA_AT),
    firstTimestamp: long(FIRST_TIMESTAMP_AT),
    appendedAt: (attributes & APPEND_TIME) === 0 ? null : long(MAX_TIMESTAMP_AT),
    producerId: bytes.readBigInt64BE(at + PRODUCER_AT),
    count: Math.max(0, bytes.readInt32BE(at + COUNT_AT)),
    bytes: bytes.subarray(0, end),
    start: at + RECORDS_AT,
  };
}

/** As Kafka's own consumer does it: the broker names the aborted transactions that reach into the fetch. */
function withoutAborted(batches: readonly Batch[], aborted: readonly AbortedTransaction[]): Batch[] {
  const begun = new Set<bigint>();
  const ahead = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset);
  return batches.filter((batch) => {
    for (
      let next = ahead.at(-1);
      next !== undefined && next.firstOffset <= batch.lastOffset;
      next = ahead.at(-1)
    ) {
      begun.add(next.producerId);
      ahead.pop();
    }
    const { attributes, producerId } = batch;
    if ((attributes & CONTROL) !== 0) {
      if (isAbortMarker(batch)) begun.delete(producerId);
      return false;
    }
    return (attributes & TRANSACTIONAL) === 0 || !begun.has(producerId);
  });
}

/** The key of the one record in a control batch: version, then type; type 0 is an abort. */
function isAbortMarker({ bytes, start }: Batch): boolean {
  const read = new Varints(bytes, start);
  read.next();
  read.at += 1;
  read.next();
  read.next();
  return read.next() >= 4 && bytes.readInt16BE(read.at + 2) === 0;
}

/** Puts the records of compressed batches, where there are any, behind the rest; returns the bytes that hold all. */
async function inOneBuffer(
  bytes: Buffer,
  batches: readonly Batch[],
  decompress: Decompress,
): Promise<Buffer> {
  const compressed = batches.filter(({ attributes }) => (attributes & COMPRESSED) !== 0);
  if (compressed.length === 0) return bytes;
  const parts = [bytes];
  let at = bytes.length;
  for (const batch of compressed) {
    const part = await decompress(batch.attributes, batch.bytes.subarray(batch.start));
    batch.start = at;
    at += part.length;
    parts.push(part);
  }
  const whole = Buffer.concat(parts);
  compressed.forEach((batch, n) => {
    batch.bytes = whole.subarray(0, batch.start + (parts[n + 1]?.length ?? 0));
  });
  return whole;
}

function addRecords(records: FetchedRecords, batch: Batch, from: number): void {
  const { bytes, firstOffset, firstTimestamp, appendedAt } = batch;
  const read = new Varints(bytes, batch.start);
  for (let left = batch.count; left > 0; left -= 1) {
    const length = read.next();
    const end = read.at + length;
    read.at += 1;
    const time = firstTimestamp + read.next();
    const offset = firstOffset + read.next();
    const keyLength = read.next();
    const keyStart = keyLength < 0 ? -1 : read.at;
    const keyEnd = (read.at += Math.max(0, keyLength));
    const valueLength = read.next();
    const valueStart = valueLength < 0 ? -1 : read.at;
    const valueEnd = (read.at += Math.max(0, valueLength));
    if (!(valueEnd <= end && end <= bytes.length)) throw new RangeError('a record ends after its batch');
    read.at = end;
    if (offset >= from) records.add(offset, appendedAt ?? time, keyStart, keyEnd, valueStart, valueEnd);
  }
}
