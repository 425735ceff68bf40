import type { Log } from '../support/log.js';
import { reasonOf } from '../support/outage.js';

/** A server that may be away: says so once when it goes, and once when it is back. */
export class Outage {
  private since: number | null = null;

  constructor(
    private readonly log: Log,
    private readonly server: string,
  ) {}

  get lasting(): boolean {
    return this.since !== null;
  }

  began(error: unknown): void {
    if (this.since !== null) return;
    this.since = performance.now();
    this.log.warn({ server: this.server, reason: reasonOf(error) }, `${this.server} is away: waiting`);
  }

  ended(): void {
    if (this.since === null) return;
    const seconds = Math.round((performance.now() - this.since) / 1000);
    this.since = null;
    this.log.info({ server: this.server, seconds }, `${this.server} is back`);
  }
}
