import type { Metric } from '../policy/policy.js';
import { periodMs, plus, slotCount } from './slots.js';

const NOTHING: readonly number[] = [];
// With more of them the counts of all slots are no larger, and found at once.
const MOST_PAIRS = 20;

/**
 * What one workspace used of a metric in one period, slot by slot. Most workspaces use a few slots of an hour or a day:
 * only these are kept, until there are many. What is kept of a hundred thousand accounts is made of these.
 */
export class Bucket {
  /** Slot and count by turns, ascending by slot; with as many numbers as there are slots: the count of each. */
  private counts: readonly number[];
  /** The database has it, with other counts perhaps. */
  stored = false;

  /**
   * @param period number of the period since the epoch
   * @param pairs slot and count by turns, ascending, no count of zero
   */
  constructor(
    readonly metric: Metric,
    readonly period: number,
    readonly workspaceId: string,
    pairs: readonly number[] = NOTHING,
  ) {
    this.counts = pairs.length > MOST_PAIRS * 2 ? spread(pairs, slotCount(metric)) : pairs;
  }

  /** Epoch ms. */
  get periodStart(): number {
    return this.period * periodMs(this.metric);
  }

  add(slot: number, amount: number): void {
    if (amount === 0) return;
    const counts = this.counts as number[];
    if (this.isSpread) {
      counts[slot] = plus(counts[slot] ?? 0, amount);
      return;
    }
    // From the end: time goes on.
    let at = counts.length;
    while (at > 0 && (counts[at - 2] ?? 0) >= slot) at -= 2;
    if (counts[at] === slot) counts[at + 1] = plus(counts[at + 1] ?? 0, amount);
    else this.insert(at, slot, plus(0, amount));
  }

  /** Slot and count by turns, ascending, no count of zero. */
  get pairs(): readonly number[] {
    if (!this.isSpread) return this.counts;
    const pairs: number[] = [];
    this.counts.forEach((count, slot) => {
      if (count > 0) pairs.push(slot, count);
    });
    return pairs;
  }

  /** Adds its counts to those in `sums`, one for each slot. */
  addTo(sums: Float64Array): void {
    const { counts } = this;
    if (this.isSpread) {
      for (let slot = 0; slot < counts.length; slot += 1)
        sums[slot] = plus(sums[slot] ?? 0, counts[slot] ?? 0);
      return;
    }
    for (let at = 0; at < counts.length; at += 2) {
      const slot = counts[at] ?? 0;
      sums[slot] = plus(sums[slot] ?? 0, counts[at + 1] ?? 0);
    }
  }

  /** The sum of the slots in [from, to). */
  sum(from: number, to: number): number {
    const { pairs } = this;
    let total = 0;
    for (let at = 0; at < pairs.length; at += 2) {
      const slot = pairs[at] ?? 0;
      if (slot >= from && slot < to) total = plus(total, pairs[at + 1] ?? 0);
    }
    return total;
  }

  /** Memory in bytes, as measured. */
  get bytes(): number {
    return 120 + this.counts.length * 8;
  }

  private get isSpread(): boolean {
    return this.counts.length > MOST_PAIRS * 2;
  }

  /** Of just the length that is needed: an array that grows by itself has room for seventeen at once. */
  private insert(at: number, slot: number, count: number): void {
    const { counts } = this;
    const grown = new Array<number>(counts.length + 2);
    for (let n = 0; n < at; n += 1) grown[n] = counts[n] ?? 0;
    grown[at] = slot;
    grown[at + 1] = count;
    for (let n = at; n < counts.length; n += 1) grown[n + 2] = counts[n] ?? 0;
    this.counts = grown.length > MOST_PAIRS * 2 ? spread(grown, slotCount(this.metric)) : grown;
  }
}

function spread(pairs: readonly number[], slots: number): number[] {
  const counts = new Array<number>(slots).fill(0);
  for (let at = 0; at < pairs.length; at += 2) counts[pairs[at] ?? 0] = pairs[at + 1] ?? 0;
  return counts;
}
