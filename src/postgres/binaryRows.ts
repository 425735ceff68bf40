import { giveBackOwn } from '../domain/counting/giveBack.js';
import { putEightBytes, EPOCH_MS, LENGTH_BYTES, NULL_LENGTH } from './binaryArrays.js';

const COPY_DATA = 'd'.charCodeAt(0);
/** The kind of message, and the length of what follows (its own included). */
const MESSAGE_BYTES = 5;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** The signature, no flags, no extension. */
const HEAD_BYTES = MESSAGE_BYTES + SIGNATURE.length + 8;
const END_OF_ROWS = -1;
const MOST_BYTES_OF_A_CHARACTER = 3;
/** Most rows take less, besides what is long in them. */
const ROOM_OF_A_ROW = 160;
const DAY_MS = 86_400_000;

/**
 * Rows in the binary format of COPY, as one message of Postgres's protocol, laid out field by field: {@link row}, then each
 * of its fields in the order of the columns. The type of a field must be its column's; an enum is a text.
 */
export class BinaryRows {
  private bytes: Buffer;
  private end = HEAD_BYTES;
  /** How many there are. */
  count = 0;

  /**
   * @param fields in each row
   * @param rows about how many there will be
   * @param longBytes about how many bytes they have in long fields
   */
  constructor(
    private readonly fields: number,
    rows: number,
    longBytes = 0,
  ) {
    this.bytes = Buffer.allocUnsafe(HEAD_BYTES + rows * ROOM_OF_A_ROW + longBytes);
    this.bytes[0] = COPY_DATA;
    this.bytes.set(SIGNATURE, MESSAGE_BYTES);
    this.bytes.fill(0, MESSAGE_BYTES + SIGNATURE.length, HEAD_BYTES);
  }

  /** Begins the next row. */
  row(): void {
    this.makeRoom(2);
    this.bytes[this.end] = this.fields >> 8;
    this.bytes[this.end + 1] = this.fields;
    this.end += 2;
    this.count += 1;
  }

  text(value: string): void {
    this.makeRoom(LENGTH_BYTES + value.length * MOST_BYTES_OF_A_CHARACTER);
    const at = this.end + LENGTH_BYTES;
    const end = putText(this.bytes, at, value);
    putInt32(this.bytes, this.end, end - at);
    this.end = end;
  }

  bytea(value: Uint8Array): void {
    this.length(value.length);
    this.bytes.set(value, this.end);
    this.end += value.length;
  }

  int4(value: number): void {
    this.length(4);
    this.end = putInt32(this.bytes, this.end, value);
  }

  int8(value: number | null): void {
    this.eightBytes(value, 0, 1);
  }

  /** An instant in epoch milliseconds. */
  timestamptz(value: number | null): void {
    this.eightBytes(value, EPOCH_MS, 1_000);
  }

  /** A day as `YYYY-MM-DD`. */
  date(value: string): void {
    this.int4((Date.parse(value) - EPOCH_MS) / DAY_MS);
  }

  /** All rows, for one COPY; none can follow. */
  message(): Buffer {
    this.makeRoom(2);
    const end = this.bytes.writeInt16BE(END_OF_ROWS, this.end);
    putInt32(this.bytes, 1, end - 1);
    return this.bytes.subarray(0, end);
  }

  /** Gives their memory back at once: megabytes, many times a second when behind. Nobody may have a use for them any more. */
  giveBack(): void {
    giveBackOwn(this.bytes);
  }

  private eightBytes(value: number | null, from: number, scale: number): void {
    if (value === null) {
      this.makeRoom(LENGTH_BYTES);
      this.end = putInt32(this.bytes, this.end, NULL_LENGTH);
      return;
    }
    this.length(8);
    putEightBytes(this.bytes, this.end, value, from, scale);
    this.end += 8;
  }

  /** The length of the field that follows, and room for it. */
  private length(bytes: number): void {
    this.makeRoom(LENGTH_BYTES + bytes);
    this.end = putInt32(this.bytes, this.end, bytes);
  }

  private makeRoom(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.end);
    giveBackOwn(this.bytes);
    this.bytes = grown;
  }
}

/** Returns where it ends. */
function putInt32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Returns where it ends. */
function putText(bytes: Buffer, at: number, value: string): number {
  for (let n = 0; n < value.length; n += 1) {
    const code = value.charCodeAt(n);
    if (code > 0x7f) return at + bytes.write(value, at);
    bytes[at + n] = code;
  }
  return at + value.length;
}
