import { hash } from 'node:crypto';
import { ID_BYTES, lane } from '../../domain/counting/seenIds.js';
import { METRICS } from '../../domain/counting/usageColumns.js';
import type { Metric } from '../../domain/policy/policy.js';

const UUID_LENGTH = 36;
const DASH = 0x2d;
/** Where the two digits of each byte of a UUID begin. */
const DIGITS_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const DASHES_AT = [8, 13, 18, 23] as const;
const UUID_PARTS = [
  [0, 8],
  [8, 12],
  [12, 16],
  [16, 20],
  [20, 32],
] as const;
const VERSION_BYTE = 6;
/** No UUID has this version, so that a hash is never taken for one. */
const HASHED = 0xf0;
const VARIANT_BYTE = 8;
/** The two bits of that byte that are the same in every UUID of RFC 9562. */
const VARIANT_BITS = 0xc0;
const VARIANT = 0x80;
/** What stands there instead says what is counted: a chat and a ticket of one id are two things. */
const KIND: Readonly<Record<Metric, number>> = {
  chats: VARIANT,
  sessions: 0xc0,
  tickets: 0x00,
  upload_bytes: 0x40,
};
/** By the number of the metric. */
const KINDS = METRICS.map((metric) => KIND[metric]);

/** What two characters stand for as hexadecimal digits, by (first << 8 | second); negative: they are none. Capitals make
 * another id, so they are none here. */
const BYTES = new Int16Array(65_536).fill(-1);
for (let byte = 0; byte < 256; byte += 1) {
  const digits = byte.toString(16).padStart(2, '0');
  BYTES[(digits.charCodeAt(0) << 8) | digits.charCodeAt(1)] = byte;
}

/**
 * What an id is remembered by: 16 bytes in four lanes. A UUID of RFC 9562 as it is usually written is its own 16 bytes: exact, and
 * cheaper than any hash. Every other id is the first 16 bytes of its SHA-256, so that nobody can make two ids collide. Two bits
 * that all UUIDs have in common tell what is counted, so that ids of all kinds have one set.
 */
export class CountedId {
  readonly lanes = new Int32Array(4);
  private readonly bytes = new Uint8Array(this.lanes.buffer);

  /** Takes the id that lies in [start, end), of what is counted by the metric of that number. */
  read(from: Uint8Array, start: number, end: number, metric: number): void {
    const { bytes } = this;
    const isUuid = this.readUuid(from, start, end) && ((bytes[VARIANT_BYTE] ?? 0) & VARIANT_BITS) === VARIANT;
    if (!isUuid) this.hash(from.subarray(start, end));
    const kind = KINDS[metric];
    if (kind === undefined) throw new Error(`there is no metric ${metric}`);
    bytes[VARIANT_BYTE] = ((bytes[VARIANT_BYTE] ?? 0) & ~VARIANT_BITS) | kind;
  }

  /** Takes the id as it is where it is a UUID as it is usually written, of any variant: then {@link uuidOf} is what stands there. */
  readUuid(from: Uint8Array, start: number, end: number): boolean {
    if (end - start !== UUID_LENGTH) return false;
    for (const dash of DASHES_AT) if (from[start + dash] !== DASH) return false;
    let wrong = 0;
    for (let n = 0; n < DIGITS_AT.length; n += 1) {
      const at = start + (DIGITS_AT[n] ?? 0);
      const byte = BYTES[((from[at] ?? 0) << 8) | (from[at + 1] ?? 0)] ?? -1;
      wrong |= byte;
      this.bytes[n] = byte;
    }
    const version = (this.bytes[VERSION_BYTE] ?? 0) >> 4;
    return wrong >= 0 && version >= 1 && version <= 8;
  }

  private hash(id: Uint8Array): void {
    const { bytes, lanes } = this;
    const digest = hash('sha256', id, 'buffer');
    for (let n = 0; n < lanes.length; n += 1) lanes[n] = lane(digest, n * 4);
    bytes[VERSION_BYTE] = HASHED | ((bytes[VERSION_BYTE] ?? 0) & 0x0f);
  }
}

/** The UUID whose 16 bytes lie in the four lanes from `first` on. */
export function uuidOf(lanes: Int32Array, first: number): string {
  const bytes = Buffer.from(lanes.buffer, lanes.byteOffset + first * lanes.BYTES_PER_ELEMENT, ID_BYTES);
  const digits = bytes.toString('hex');
  return UUID_PARTS.map(([from, to]) => digits.slice(from, to)).join('-');
}

const counted = new CountedId();

/** The 16 bytes that an id of what a metric counts is remembered by ({@link CountedId}). */
export function idHash(bytes: Uint8Array, metric: Metric): Uint8Array {
  counted.read(bytes, 0, bytes.length, METRICS.indexOf(metric));
  const remembered = Buffer.alloc(16);
  counted.lanes.forEach((value, n) => remembered.writeInt32LE(value, n * 4));
  return remembered;
}
