/**
 * Arrays as Postgres reads them in its binary format. Large arrays as text cost more than the rows they stand for: every
 * number is printed, quoted and parsed, and bytes are sent twice as long. A `Buffer` parameter is sent as it is; the
 * statement must cast it to the array's type (`$1::text[]`).
 */
const HEAD_BYTES = 20;
export const LENGTH_BYTES = 4;
/** The length of a value that is null. */
export const NULL_LENGTH = -1;
const TEXT = 25;
const BYTEA = 17;
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const TWO_32 = 4_294_967_296;
/** 2000-01-01, from which Postgres counts microseconds. */
export const EPOCH_MS = 946_684_800_000;

export function textArray(values: readonly string[]): Buffer {
  let bytes = HEAD_BYTES;
  for (const value of values) bytes += LENGTH_BYTES + Buffer.byteLength(value);
  const array = head(TEXT, values.length, bytes, false);
  let at = HEAD_BYTES;
  for (const value of values) {
    const written = array.write(value, at + LENGTH_BYTES);
    array.writeInt32BE(written, at);
    at += LENGTH_BYTES + written;
  }
  return array;
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + value.length, HEAD_BYTES);
  const array = head(BYTEA, values.length, bytes, false);
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(value.length, at);
    array.set(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + value.length;
  }
  return array;
}

export function int8Array(values: readonly (number | null)[]): Buffer {
  return eightBytes(INT8, values, 0, 1);
}

/** Instants as epoch milliseconds. */
export function timestampArray(values: readonly (number | null)[]): Buffer {
  return eightBytes(TIMESTAMPTZ, values, EPOCH_MS, 1_000);
}

/** (value − from) × scale, each in eight bytes. */
function eightBytes(type: number, values: readonly (number | null)[], from: number, scale: number): Buffer {
  const nulls = values.reduce<number>((n, value) => (value === null ? n + 1 : n), 0);
  const bytes = HEAD_BYTES + values.length * LENGTH_BYTES + (values.length - nulls) * 8;
  const array = head(type, values.length, bytes, nulls > 0);
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(value === null ? NULL_LENGTH : 8, at);
    at += LENGTH_BYTES;
    if (value === null) continue;
    putEightBytes(array, at, value, from, scale);
    at += 8;
  }
  return array;
}

/** Puts (value − from) × scale, as eight bytes. */
export function putEightBytes(bytes: Buffer, at: number, value: number, from: number, scale: number): void {
  const number = (value - from) * scale;
  if (Number.isSafeInteger(number)) {
    const high = Math.floor(number / TWO_32);
    bytes.writeInt32BE(high, at);
    bytes.writeUInt32BE(number - high * TWO_32, at + 4);
  } else bytes.writeBigInt64BE(BigInt(value - from) * BigInt(scale), at);
}

/** One dimension that begins at 1. */
function head(type: number, length: number, bytes: number, hasNulls: boolean): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNulls ? 1 : 0, 4);
  array.writeInt32BE(type, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
