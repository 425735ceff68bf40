import { Random } from '../../../src/simulation/platform/random.js';
import type { Fault } from './fault.js';

/** One fault of a run: when it begins, and the seed of its own choices. */
export interface Planned {
  readonly atMs: number;
  readonly fault: Fault;
  readonly seed: number;
}

const MEAN_PAUSE_MS = 6_000;

/**
 * The faults of `ms` milliseconds. The same seed gives the same faults at the same times with the same choices; how they
 * meet what the processes are doing right then differs from run to run. `kills`: so many more `kill -9`, evenly spread.
 */
export function planFaults(seed: number, ms: number, faults: readonly Fault[], kills: number): Planned[] {
  const random = new Random(seed);
  const planned: Planned[] = [];
  const plan = (atMs: number, fault: Fault): void => {
    planned.push({ atMs: Math.round(atMs), fault, seed: random.between(1, 2 ** 31) });
  };
  for (let at = 1_000; at < ms; at += Math.max(500, random.exponential(MEAN_PAUSE_MS))) {
    plan(
      at,
      random.weighted(faults, ({ weight }) => weight),
    );
  }
  const kill = faults.find(({ name }) => name === 'kill -9');
  for (let n = 0; kill !== undefined && n < kills; n += 1) plan(((n + random.next()) / kills) * ms, kill);
  return planned.sort((a, b) => a.atMs - b.atMs);
}
