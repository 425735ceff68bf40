import type { Problem } from './role.js';

/** Whether a loop gets on with what it has in hand: it tells of each step, and is asked how long the last one takes. */
export class Progress {
  private under = 0;
  private movedAt = 0;

  constructor(
    /** What a person reads: `the relay`. */
    private readonly who: string,
    private readonly limitMs: number,
  ) {}

  /** A step was made. */
  moved(): void {
    this.movedAt = performance.now();
  }

  /** There is work until it settles; what it resolves to is passed on. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.under === 0) this.moved();
    this.under += 1;
    try {
      return await work;
    } finally {
      this.under -= 1;
      this.moved();
    }
  }

  /** Null: there is nothing to do, or the last step was made lately. */
  problem(): Problem {
    const passed = performance.now() - this.movedAt;
    if (this.under === 0 || passed < this.limitMs) return null;
    return `${this.who} has work and has not moved for ${Math.floor(passed / 1_000)} s`;
  }
}
