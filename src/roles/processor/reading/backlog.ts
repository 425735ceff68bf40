import type { FetchedRange } from '../../../kafka/consumer/inputConsumer.js';
import { keyOf } from '../../../support/partitionKey.js';

/** How many records lie in the log after what was fetched, as far as the last fetch of each partition told. */
export class Backlog {
  private readonly left = new Map<string, number>();
  private sum = 0;

  note(range: FetchedRange): void {
    const key = keyOf(range);
    const left = Math.max(0, range.high - range.next);
    this.sum += left - (this.left.get(key) ?? 0);
    this.left.set(key, left);
  }

  /** Partitions may belong to others now. */
  forget(): void {
    this.left.clear();
    this.sum = 0;
  }

  get records(): number {
    return this.sum;
  }
}
