import { isOutage } from '../../support/outage.js';

interface Waiting<I, R> {
  readonly item: I;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

interface Bounds {
  /** Pieces of work under way at the same time. */
  readonly atOnce: number;
  /** Items of one piece. */
  readonly most: number;
}

/**
 * Does work on items together: what comes in one turn of the event loop, or while `atOnce` pieces are under way, goes with the
 * next piece. So an item that comes alone waits for nobody, and many cost as many statements as one. A piece has at most one
 * item of each account.
 */
export class Together<I extends { readonly accountId: string }, R> {
  private running = 0;
  private waiting: Waiting<I, R>[] = [];

  constructor(
    /** Resolves to the results by account. */
    private readonly work: (items: readonly I[]) => Promise<Map<string, R>>,
    private readonly bounds: Bounds,
  ) {}

  /** Resolves to the item's own result; rejects as the work does. */
  run(item: I): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.beginSoon();
    });
  }

  /** When this turn is over; called for every item, of which the first takes the others along. */
  private beginSoon(): void {
    setImmediate(() => {
      this.begin();
    });
  }

  private begin(): void {
    if (this.waiting.length === 0 || this.running >= this.bounds.atOnce) return;
    this.running += 1;
    void this.piece(this.next()).finally(() => {
      this.running -= 1;
      this.beginSoon();
    });
  }

  /** In the order in which they came, but for a second item of an account. */
  private next(): Waiting<I, R>[] {
    const taken = new Map<string, Waiting<I, R>>();
    for (const one of this.waiting) {
      if (taken.size === this.bounds.most) break;
      if (!taken.has(one.item.accountId)) taken.set(one.item.accountId, one);
    }
    const piece = [...taken.values()];
    this.waiting = this.waiting.filter((one) => taken.get(one.item.accountId) !== one);
    return piece;
  }

  /** Never rejects. */
  private async piece(piece: readonly Waiting<I, R>[]): Promise<void> {
    try {
      const results = await this.work(piece.map(({ item }) => item));
      for (const { item, resolve, reject } of piece) {
        const result = results.get(item.accountId);
        if (result === undefined) reject(new Error('the work has no result for an item'));
        else resolve(result);
      }
    } catch (error) {
      // One of them may be at fault: alone, each shows whether it is the one.
      if (piece.length > 1 && !isOutage(error)) for (const one of piece) await this.piece([one]);
      else for (const { reject } of piece) reject(error);
    }
  }
}
