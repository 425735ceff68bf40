import type pg from 'pg';
import { saveEmptyRuns } from '../../postgres/counting/offsets.js';
import { sleep } from '../wait.js';
import { keyOf } from '../../support/partitionKey.js';
import type { Positions } from './positions.js';

// Soon enough for what waits for the input; a log that ends in nothing again and again costs a statement a second.
const SAVE_EVERY_MS = 1_000;

/**
 * Writes down that what lies behind the last record counted holds nothing: a log that ends in an aborted transaction would
 * otherwise look unread for ever. Beside the counting, which does not need it.
 */
export class EmptyRuns {
  private running = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly positions: Positions,
    private readonly signal: AbortSignal,
  ) {}

  /** Saves what is new, soon; what cannot be saved yet is tried again until it is saved or something was counted. */
  save(): void {
    if (this.running || this.positions.unsavedRuns().length === 0) return;
    this.running = true;
    void this.run().finally(() => {
      this.running = false;
    });
  }

  private async run(): Promise<void> {
    while (!this.signal.aborted) {
      const runs = this.positions.unsavedRuns();
      if (runs.length === 0) return;
      // What is still being counted has no run behind it in the database yet; a database that is away comes back.
      const keys = new Set(await saveEmptyRuns(this.pool, runs).catch(() => []));
      for (const run of runs) if (keys.has(keyOf(run))) this.positions.runSaved(run);
      await sleep(SAVE_EVERY_MS, this.signal);
    }
  }
}
