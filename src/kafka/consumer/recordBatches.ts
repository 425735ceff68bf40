import { LogMessage, type RecordBatch } from './logMessage.js';
import { Varints } from './varints.js';

/** Offset and length of a record batch; what its length counts comes after them. */
const HEAD_BYTES = 12;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const FIRST_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
const FORMAT = 2;

const COMPRESSED = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/**
 * The records of a partition in a fetch; null: some are compressed or in an older format, which the client reads itself.
 * The last batch may be cut off, by the size of the fetch: it is left out.
 */
export function readRecordBatches(bytes: Buffer): LogMessage[] | null {
  const messages: LogMessage[] = [];
  let at = 0;
  while (at + RECORDS_AT <= bytes.length) {
    const end = at + HEAD_BYTES + bytes.readInt32BE(at + 8);
    if (bytes[at + MAGIC_AT] !== FORMAT) return null;
    if (end > bytes.length) break;
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
    if ((attributes & COMPRESSED) !== 0) return null;
    const read = new Varints(bytes, at + RECORDS_AT);
    const batch = batchAt(bytes, at, attributes);
    for (let left = bytes.readInt32BE(at + COUNT_AT); left > 0; left -= 1) {
      messages.push(readRecord(bytes, read, batch));
    }
    at = end;
  }
  return messages;
}

function batchAt(bytes: Buffer, at: number, attributes: number): RecordBatch {
  const long = (where: number): number => Number(bytes.readBigInt64BE(at + where));
  return {
    firstOffset: long(0),
    firstTimestamp: long(FIRST_TIMESTAMP_AT),
    appendedAt: (attributes & APPEND_TIME) === 0 ? null : long(MAX_TIMESTAMP_AT),
    isControlBatch: (attributes & CONTROL) !== 0,
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    producerId: String(bytes.readBigInt64BE(at + PRODUCER_AT)),
  };
}

function readRecord(bytes: Buffer, read: Varints, batch: RecordBatch): LogMessage {
  const length = read.next();
  const end = read.at + length;
  const attributes = bytes.readInt8(read.at);
  read.at += 1;
  const timestampDelta = read.next();
  const offsetDelta = read.next();
  const keyLength = read.next();
  const keyStart = keyLength < 0 ? -1 : read.at;
  const keyEnd = (read.at += Math.max(0, keyLength));
  const valueLength = read.next();
  const valueStart = valueLength < 0 ? -1 : read.at;
  const valueEnd = (read.at += Math.max(0, valueLength));
  if (!(valueEnd <= end && end <= bytes.length)) throw new RangeError('a record ends after its batch');
  read.at = end;
  return new LogMessage(
    batch,
    bytes,
    attributes,
    timestampDelta,
    offsetDelta,
    keyStart,
    keyEnd,
    valueStart,
    valueEnd,
  );
}
