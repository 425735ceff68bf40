import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
const MOST_MS = 5_000;

/** Waits that grow, with jitter so that processes do not retry in step; a signal ends them at once. */
export class Backoff {
  private next = FIRST_MS;

  constructor(private readonly signal: AbortSignal) {}

  async wait(): Promise<void> {
    const ms = this.next * (0.5 + Math.random() / 2);
    this.next = Math.min(this.next * 2, MOST_MS);
    await sleep(ms, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
