const LANES = 4;
const ID_BYTES = LANES * 4;
const INITIAL_SLOTS = 8;

/**
 * The ids already counted of one group (an account's metric and UTC month): 128-bit hashes in an open-addressing
 * table, about 21–43 bytes an id.
 */
export class SeenIds {
  private table = new Uint32Array(INITIAL_SLOTS * LANES);
  private count = 0;

  /** Number of the next chunk to append to the group in the database. */
  constructor(public nextSeq: number) {}

  /** Takes in a stored chunk: any number of 16-byte ids. */
  load(chunk: Uint8Array): void {
    for (let at = 0; at + ID_BYTES <= chunk.length; at += ID_BYTES) this.add(chunk, at);
  }

  /** True when the id (16 bytes at `offset`) was not there yet. */
  add(bytes: Uint8Array, offset = 0): boolean {
    if ((this.count + 1) * 4 > (this.table.length / LANES) * 3) this.grow();
    // The lowest bit is always set, so that a free slot can be told by a zero.
    const a = lane(bytes, offset) | 1;
    return this.insert(a >>> 0, lane(bytes, offset + 4), lane(bytes, offset + 8), lane(bytes, offset + 12));
  }

  get size(): number {
    return this.count;
  }

  get bytes(): number {
    return this.table.byteLength;
  }

  private insert(a: number, b: number, c: number, d: number): boolean {
    const { table } = this;
    const mask = table.length / LANES - 1;
    for (let slot = b & mask; ; slot = (slot + 1) & mask) {
      const at = slot * LANES;
      if (table[at] === 0) {
        table[at] = a;
        table[at + 1] = b;
        table[at + 2] = c;
        table[at + 3] = d;
        this.count += 1;
        return true;
      }
      if (table[at] === a && table[at + 1] === b && table[at + 2] === c && table[at + 3] === d) return false;
    }
  }

  private grow(): void {
    const old = this.table;
    this.table = new Uint32Array(old.length * 2);
    this.count = 0;
    for (let at = 0; at < old.length; at += LANES) {
      const [a = 0, b = 0, c = 0, d = 0] = old.subarray(at, at + LANES);
      if (a !== 0) this.insert(a, b, c, d);
    }
  }
}

function lane(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}
