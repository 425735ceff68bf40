import { giveBack } from './giveBack.js';
import { ID_BYTES, LANES } from './seenIds.js';

const INITIAL_IDS = 4;
/** Room that was this many times too large for what came last is made anew. */
const TOO_LARGE = 8;

/** Where the new ids of a batch lie, chunk by chunk: memory of its own for each of thousands of chunks costs more than all
 * that is in them. */
export class IdArena {
  lanes = new Int32Array(INITIAL_IDS * LANES);
  private ids = 0;

  /** Begins anew in the same memory; nobody may use a chunk of before. What is far too large for what was in it goes. */
  reset(): void {
    const lanes = Math.max(INITIAL_IDS, this.ids) * LANES;
    this.ids = 0;
    if (this.lanes.length > lanes * TOO_LARGE) this.lanes = new Int32Array(lanes);
  }

  /** Makes room for so many ids in a row; returns the place of the first. */
  reserve(ids: number): number {
    const first = this.ids;
    this.ids += ids;
    if (this.ids * LANES > this.lanes.length) {
      const larger = new Int32Array(Math.max(this.ids * LANES, this.lanes.length * 2));
      larger.set(this.lanes);
      giveBack(this.lanes.buffer);
      this.lanes = larger;
    }
    return first;
  }
}

/** Ids of a month that are new, in the order of being counted, as they are stored: 16 bytes each. */
export class IdChunk {
  private first: number;
  private used = 0;

  constructor(
    /** `YYYY-MM-01` */
    readonly month: string,
    private readonly arena: IdArena,
    private room = INITIAL_IDS,
  ) {
    this.first = arena.reserve(room);
  }

  add(a: number, b: number, c: number, d: number): void {
    if (this.used === this.room) this.move();
    const { lanes } = this.arena;
    const at = (this.first + this.used) * LANES;
    lanes[at] = a;
    lanes[at + 1] = b;
    lanes[at + 2] = c;
    lanes[at + 3] = d;
    this.used += 1;
  }

  /** The bytes of all ids; a view, valid until the next one is added to any chunk of the arena. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.arena.lanes.buffer, this.first * ID_BYTES, this.used * ID_BYTES);
  }

  /** To where there is twice the room. */
  private move(): void {
    const from = this.first * LANES;
    this.room = Math.max(INITIAL_IDS, this.room * 2);
    this.first = this.arena.reserve(this.room);
    this.arena.lanes.copyWithin(this.first * LANES, from, from + this.used * LANES);
  }
}
