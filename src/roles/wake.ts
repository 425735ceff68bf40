import { sleep } from './wait.js';

/** A loop's rest, which others cut short. A call that comes while the loop works is not lost: the next rest is none. */
export class Wake {
  private called = false;
  private rest = new AbortController();

  /** There is something to do, or an end to it. */
  now(): void {
    this.called = true;
    this.rest.abort();
  }

  /** What called before is about to be looked at. */
  heed(): void {
    this.called = false;
  }

  /** Resolves after `ms`, when called, or at once when called since the last heeding. Never rejects. */
  async within(ms: number): Promise<void> {
    if (this.called) return;
    this.rest = new AbortController();
    await sleep(ms, this.rest.signal);
  }
}
