import type pg from 'pg';
import { saveEmptyRuns, type EmptyRun } from '../../postgres/counting/offsets.js';
import { keyOf } from '../../support/partitionKey.js';
import { sleep } from '../wait.js';

// Soon enough for what waits for the input; a log that ends in nothing again and again costs a statement a second.
const SAVE_EVERY_MS = 1_000;

/**
 * Writes down that what lies behind the last record counted holds nothing: a log that ends in an aborted transaction would
 * otherwise look unread for ever. Beside the counting, which does not need it.
 */
export class EmptyRuns {
  private running = false;
  private runs: readonly EmptyRun[] = [];

  constructor(
    private readonly pool: pg.Pool,
    private readonly onSaved: (run: EmptyRun) => void,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * These are all that are not written down; they are saved, soon. What cannot be saved yet is tried again until it is
   * saved or not among them any more.
   */
  are(runs: readonly EmptyRun[]): void {
    this.runs = runs;
    if (this.running || runs.length === 0) return;
    this.running = true;
    void this.run().finally(() => {
      this.running = false;
    });
  }

  private async run(): Promise<void> {
    while (!this.signal.aborted) {
      const { runs } = this;
      if (runs.length === 0) return;
      // What is still being counted has no run behind it in the database yet; a database that is away comes back.
      const keys = new Set(await saveEmptyRuns(this.pool, runs).catch(() => []));
      const saved = new Set(runs.filter((run) => keys.has(keyOf(run))));
      for (const run of saved) this.onSaved(run);
      this.runs = this.runs.filter((run) => !saved.has(run));
      await sleep(SAVE_EVERY_MS, this.signal);
    }
  }
}
