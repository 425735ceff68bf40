import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka } from '../../kafka/client.js';
import { createPool } from '../../postgres/pool.js';
import type { Log } from '../../support/log.js';
import type { Display } from './display.js';
import { readFigures } from './figures.js';
import { Happenings } from './happenings.js';

const LOOK_EVERY_MS = 1_000;

export interface Watched {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly display: Display;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Shows what the engine does, once a second, until the signal; a server that is away leaves the last figures standing. */
export async function watch(watched: Watched): Promise<void> {
  const { signal, display, log, now } = watched;
  const pool = createPool(watched.databaseUrl, 2, () => undefined);
  const admin = createKafka(
    { brokers: watched.brokers, ssl: false, sasl: null },
    'fair-use-console',
    log,
  ).admin();
  const began = performance.now();
  let before: { at: number; read: number } | null = null;
  const happened = new Happenings(pool, now() - 1_000);
  try {
    while (!signal.aborted) {
      try {
        await admin.connect();
        const figures = await readFigures(pool, admin, now());
        const happenings = await happened.next(now());
        const at = performance.now();
        const perSecond =
          before === null ? 0 : Math.round((figures.read - before.read) / ((at - before.at) / 1_000));
        before = { at, read: figures.read };
        display.show({ at: now(), runningMs: at - began, perSecond, figures, happenings });
      } catch (error) {
        log.debug({ reason: error instanceof Error ? error.message : String(error) }, 'the figures wait');
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    display.end();
    await admin.disconnect().catch(() => undefined);
    await pool.end().catch(() => undefined);
  }
}
