import { giveBack } from './giveBack.js';

/** An id takes four lanes of 32 bits (16 bytes, little endian). */
export const LANES = 4;
export const ID_BYTES = LANES * 4;
// Most hold a few ids, and a typed array costs some 300 bytes besides what is in it.
const FEW = 12;
const INITIAL_SLOTS = 24;
// A slot is 16 bytes, so tables are kept full: there are as many slots as it takes, not a power of two, and by a quarter more
// at least when they are not enough.
const FULL = 0.8;
const GROWTH = 1.25;
const NONE: readonly number[] = [];
const NO_TABLE = new Int32Array(0);

/**
 * The ids already counted of an account and UTC month, of all kinds: 128 bits each, a few one after the other, many
 * in an open-addressing table, 20–25 bytes an id and 400 besides. Signed lanes, because the runtime keeps those as small integers.
 */
export class SeenIds {
  private few: readonly number[] = NONE;
  /** Empty while there are few. */
  private table = NO_TABLE;
  private count = 0;
  /** Ids the table may hold. */
  private most = 0;
  /** A slot of zeros is free, so the id of zeros is kept apart. */
  private hasZero = false;

  /** Number of the next chunk to append in the database. */
  constructor(public nextSeq: number) {}

  /** Takes in a stored chunk: any number of 16-byte ids. */
  load(chunk: Uint8Array): void {
    const aligned = chunk.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0 ? chunk : chunk.slice();
    const ids = new Int32Array(
      aligned.buffer,
      aligned.byteOffset,
      Math.floor(chunk.length / ID_BYTES) * LANES,
    );
    for (let at = 0; at < ids.length; at += LANES) {
      this.addLanes(ids[at] ?? 0, ids[at + 1] ?? 0, ids[at + 2] ?? 0, ids[at + 3] ?? 0);
    }
  }

  /** Makes room for so many ids more at once: a table that grows again and again moves every id as often. */
  reserve(more: number): void {
    const wanted = this.count + more;
    if (wanted <= FEW) return;
    if (this.table === NO_TABLE) this.spread(Math.max(INITIAL_SLOTS, Math.ceil(wanted / FULL)));
    else if (wanted > this.most) this.grow(wanted);
  }

  /** True when the id (16 bytes at `offset`) was not there yet. */
  add(bytes: Uint8Array, offset = 0): boolean {
    return this.addLanes(
      lane(bytes, offset),
      lane(bytes, offset + 4),
      lane(bytes, offset + 8),
      lane(bytes, offset + 12),
    );
  }

  /** {@link add} for an id in its four lanes. */
  addLanes(a: number, b: number, c: number, d: number): boolean {
    if ((a | b | c | d) === 0) {
      if (this.hasZero) return false;
      this.hasZero = true;
      return true;
    }
    if (this.table === NO_TABLE) {
      if (this.isAmongFew(a, b, c, d)) return false;
      if (this.count < FEW) {
        this.few = this.few.concat([a, b, c, d]);
        this.count += 1;
        return true;
      }
      this.spread(INITIAL_SLOTS);
    }
    return this.insert(a, b, c, d);
  }

  get size(): number {
    return this.count + (this.hasZero ? 1 : 0);
  }

  /** Memory in bytes, as measured. */
  get bytes(): number {
    return this.table === NO_TABLE ? 130 + this.few.length * 8 : 400 + this.table.byteLength;
  }

  private isAmongFew(a: number, b: number, c: number, d: number): boolean {
    const { few } = this;
    for (let at = 0; at < few.length; at += LANES) {
      if (few[at] === a && few[at + 1] === b && few[at + 2] === c && few[at + 3] === d) return true;
    }
    return false;
  }

  /** From the list into a table. */
  private spread(slots: number): void {
    const { few } = this;
    this.begin(slots);
    this.few = NONE;
    for (let at = 0; at < few.length; at += LANES) {
      this.insert(few[at] ?? 0, few[at + 1] ?? 0, few[at + 2] ?? 0, few[at + 3] ?? 0);
    }
  }

  /** The table grows for an id that is new only: after a start nearly all are full, and much that is read was counted. */
  private insert(a: number, b: number, c: number, d: number): boolean {
    const { table } = this;
    for (let at = slotOf(a, b, c, d, table.length / LANES) * LANES; ; at += LANES) {
      if (at === table.length) at = 0;
      const first = table[at];
      if (first === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return false;
      if (first === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0) {
        if (this.count === this.most) {
          this.grow(this.count + 1);
          return this.insert(a, b, c, d);
        }
        table[at] = a;
        table[at + 1] = b;
        table[at + 2] = c;
        table[at + 3] = d;
        this.count += 1;
        return true;
      }
    }
  }

  /** For so many ids at least. */
  private grow(wanted: number): void {
    const old = this.table;
    this.begin(Math.ceil(Math.max(wanted / FULL, (old.length / LANES) * GROWTH)));
    for (let at = 0; at < old.length; at += LANES) {
      const a = old[at] ?? 0;
      const b = old[at + 1] ?? 0;
      const c = old[at + 2] ?? 0;
      const d = old[at + 3] ?? 0;
      if ((a | b | c | d) !== 0) this.insert(a, b, c, d);
    }
    giveBack(old.buffer);
  }

  private begin(slots: number): void {
    this.table = new Int32Array(slots * LANES);
    this.most = Math.floor(slots * FULL);
    this.count = 0;
  }
}

/** Four bytes as a signed lane. */
export function lane(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

// Ids need not be random in every lane (time-ordered UUIDs are not), so all of them are mixed. The mix is a place among all
// slots as a fraction: a table that grows keeps the order of its ids, and is written from one end to the other.
function slotOf(a: number, b: number, c: number, d: number, slots: number): number {
  const mixed =
    Math.imul(a, 0x2545f491) + Math.imul(b, 0x9e3779b1) + Math.imul(c, 0x85ebca77) + Math.imul(d, 0xc2b2ae3d);
  return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000) * slots);
}
