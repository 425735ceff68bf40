import type { Metric } from '../policy/policy.js';
import { LANES } from './seenIds.js';
import { groupKey } from './usageWindow.js';

const INITIAL_IDS = 4;

/** Ids new to a group, in the order of being counted, as they are stored: 16 bytes each. */
export class IdChunk {
  private lanes: Int32Array;
  private used = 0;

  constructor(
    readonly metric: Metric,
    /** `YYYY-MM-01` */
    readonly month: string,
    expected = INITIAL_IDS,
  ) {
    this.lanes = new Int32Array(Math.max(1, expected) * LANES);
  }

  add(a: number, b: number, c: number, d: number): void {
    if (this.used === this.lanes.length) {
      const larger = new Int32Array(this.lanes.length * 2);
      larger.set(this.lanes);
      this.lanes = larger;
    }
    const { lanes, used } = this;
    lanes[used] = a;
    lanes[used + 1] = b;
    lanes[used + 2] = c;
    lanes[used + 3] = d;
    this.used = used + LANES;
  }

  /** Of the group. */
  get key(): string {
    return groupKey(this.metric, this.month);
  }

  /** The bytes of all ids; a view, valid until the next one is added. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.lanes.buffer, 0, this.used * 4);
  }
}
