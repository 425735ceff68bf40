import type { Random } from '../../../src/simulation/platform/random.js';
import type { Fleet } from '../world/fleet.js';
import type { Servers } from '../world/servers.js';

/** What a fault may touch. */
export interface Target {
  readonly servers: Servers;
  readonly fleet: Fleet;
  readonly random: Random;
  /** Resolves after the time, or at once when the run ends: every fault heals what it broke. */
  readonly pause: (ms: number) => Promise<void>;
  readonly say: (line: string) => void;
}

export interface Fault {
  readonly name: string;
  /** How often it comes, relative to the others. */
  readonly weight: number;
  /** Faults of one group do not overlap. */
  readonly group: 'process' | 'kafka' | 'postgres' | 'registry' | 'smtp' | 'layout';
  /** Breaks something and heals it again. */
  readonly run: (target: Target) => Promise<void>;
}
