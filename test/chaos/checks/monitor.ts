import { setTimeout as sleep } from 'node:timers/promises';
import type { Servers } from '../world/servers.js';
import { auditFindings } from './audit.js';
import { mailedTwice } from './mail.js';
import { committedTooFar } from './offsets.js';
import { brokenStructure } from './structure.js';

const LOOK_EVERY_MS = 1_000;
const LOOK_CLOSER_EVERY = 8;

/** Looks all the time for what must never be, while the faults go on. */
export class Monitor {
  readonly broken = new Set<string>();
  looks = 0;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly servers: Servers,
    private readonly onBroken: () => void,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** One look at everything that holds at any moment. */
  async look(): Promise<void> {
    await this.keep(() => auditFindings(this.servers));
    await this.keep(() => Promise.resolve(mailedTwice(this.servers)));
    await this.keep(() => brokenStructure(this.servers));
    await this.keep(() => committedTooFar(this.servers.kafka, this.servers));
    this.looks += 1;
  }

  private async run(): Promise<void> {
    for (let round = 1; !this.stopping.signal.aborted; round += 1) {
      // Servers that are away right now are asked again in a moment.
      if (round % LOOK_CLOSER_EVERY === 0) await this.look().catch(() => undefined);
      else await this.keep(() => auditFindings(this.servers)).catch(() => undefined);
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async keep(question: () => Promise<string[]>): Promise<void> {
    for (const finding of await question()) this.broken.add(finding);
    if (this.broken.size > 0) this.onBroken();
  }
}
