import type { Bench } from '../lib/bench.js';
import { Counting, type EngineOptions } from '../lib/counting.js';
import { cpuSince } from './drain.js';
import { measured, round, Surroundings, type Measurement } from '../lib/measurement.js';
import type { Expected } from '../lib/oracle.js';
import { until } from '../lib/until.js';
import { differences } from '../lib/verify.js';

const EVERY_MS = 5;
/** Of the topic. A transaction may hold more than half of a small one: killed later, all of it would be counted. */
const COUNTED_AT_KILL = 0.25;
const OLD_ONES_GONE_MS = 30_000;

/**
 * Kills the engine with SIGKILL once a quarter of the topic is counted, or more, and starts another at once: how long until
 * the first next_offset beyond those of the killed one. What the killed one had sent to Postgres is let finish before the
 * clock starts, so that no commit of its is taken for the new one's.
 */
export function crash(
  bench: Bench,
  what: string,
  expected: Expected,
  options: EngineOptions,
): Promise<Measurement> {
  return Counting.with(bench, options, async (counting) => {
    const surroundings = new Surroundings();
    const before = bench.cpu();
    const first = await counting.start();
    await counting.counted(Math.floor(expected.records * COUNTED_AT_KILL), { everyMs: EVERY_MS });
    await first.end('SIGKILL');
    counting.engines.length = 0;
    await until(
      'its connections are gone',
      async () => (await bench.databases.connections(counting.database)) === 0,
      {
        withinMs: OLD_ONES_GONE_MS,
        everyMs: EVERY_MS,
      },
    );
    const atKill = await counting.soFar();
    if (atKill >= expected.records)
      throw new Error('everything was counted before the kill: more events are needed');
    const restartedAt = Date.now();
    const second = await counting.start();
    await counting.counted(atKill + 1, { everyMs: EVERY_MS });
    const outputAt = Date.now();
    await counting.counted(expected.records);
    const drainedAt = Date.now();
    const readyAt = await second.readyAt();
    const since = (instant: number): number => round((instant - restartedAt) / 1_000, 2);
    const values = {
      countedAtKill: atKill,
      restartToReadySeconds: since(readyAt),
      restartToOutputSeconds: since(outputAt),
      restartToDrainedSeconds: since(drainedAt),
    };
    const around = surroundings.tell(cpuSince(counting.engines, before, bench.cpu()).all);
    const wrong = await differences(counting.db, expected);
    return measured({ what, side: 'engine', wrong, values, ...around });
  });
}
