import { loadavg } from 'node:os';
import { cpuOfMachine } from './proc.js';

export type Side = 'engine' | 'peer';

/** One run of one side. Values are named figures; a run that was not exact has none. */
export interface Measurement {
  /** What was run, such as `drain 1M`. */
  readonly what: string;
  readonly side: Side;
  /** When it ended, RFC 3339. */
  readonly at: string;
  readonly exact: boolean;
  readonly values: Readonly<Record<string, number>>;
  /** What was wrong, or what the side itself says of the run. */
  readonly detail: unknown;
  readonly loadBefore: number;
  /** Cores used by everything else on the machine meanwhile; null where the side does not tell. */
  readonly coresOfOthers: number | null;
}

/** A measurement that ends now: without its values when something was wrong. */
export function measured(run: {
  readonly what: string;
  readonly side: Side;
  readonly wrong: readonly string[];
  readonly values: Readonly<Record<string, number>>;
  readonly loadBefore: number;
  readonly coresOfOthers: number | null;
}): Measurement {
  const { what, side, wrong, values, loadBefore, coresOfOthers } = run;
  const exact = wrong.length === 0;
  const at = new Date().toISOString();
  return { what, side, at, exact, values: exact ? values : {}, detail: wrong, loadBefore, coresOfOthers };
}

/** How busy the machine is with what is not measured. */
export class Surroundings {
  private readonly loadBefore = round(loadavg()[0] ?? 0, 1);
  private readonly machine = cpuOfMachine();
  private readonly own = ownCpu();
  private readonly began = performance.now();

  /** @param measured CPU-seconds of the processes that were measured since */
  tell(measured: number): { loadBefore: number; coresOfOthers: number } {
    const seconds = (performance.now() - this.began) / 1_000;
    const others = cpuOfMachine() - this.machine - (ownCpu() - this.own) - measured;
    return { loadBefore: this.loadBefore, coresOfOthers: round(Math.max(0, others / seconds), 2) };
  }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The middle one, and the ends. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
}

export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return null;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? least;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? least;
  return { median: (lower + upper) / 2, least, most, runs: sorted.length };
}
