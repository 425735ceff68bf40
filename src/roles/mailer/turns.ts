/** Lets so many pieces of work run at the same time; the others wait for their turn, in the order in which they came. */
export class Turns {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly most: number,
    /** How long one waits for its turn at most, ms. */
    private readonly withinMs: number,
    /** Aborted: nobody waits any more. */
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves, or rejects, as the work does; to `null` when its turn has not come in time. */
  async run<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.running < this.most) this.running += 1;
    else if (!(await this.turn())) return null;
    try {
      return await work();
    } finally {
      // The place is handed on, not given back, so that nobody comes in between.
      const [next] = this.waiting;
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (came: boolean): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', tooLate);
        this.waiting.delete(itsTurn);
        resolve(came);
      };
      const itsTurn = (): void => settle(true);
      const tooLate = (): void => settle(false);
      const timer = setTimeout(tooLate, this.withinMs);
      this.waiting.add(itsTurn);
      if (this.signal.aborted) tooLate();
      else this.signal.addEventListener('abort', tooLate);
    });
  }
}
