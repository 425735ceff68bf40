import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import type { Measurement } from './measurement.js';

/** Where and of what the measurements are. */
export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly node: string;
  readonly servers: readonly string[];
}

/** A figure of one run that is held against that of another run of the engine. */
export interface Comparison {
  readonly what: string;
  readonly against: string;
  readonly figure: string;
  readonly title: string;
  readonly goal: string;
}

/** Everything that one command measured. */
export interface Results extends Circumstances {
  readonly measurements: readonly Measurement[];
  readonly comparisons: readonly Comparison[];
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function circumstances(bench: Bench): Circumstances {
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
  return {
    date: new Date().toISOString(),
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    servers: Object.values(bench.stack.parts).map(({ title }) => title),
  };
}

/** Collects the measurements of one command in one file, written after each so that an end in the middle loses none. */
export class Recorder {
  readonly file: string;
  private readonly taken: Measurement[] = [];
  private readonly compared: Comparison[] = [];
  private readonly where: Circumstances;

  constructor(bench: Bench, folder: string) {
    this.where = circumstances(bench);
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, `${this.where.date.replaceAll(':', '-').slice(0, 19)}.json`);
  }

  take(measurement: Measurement): void {
    this.taken.push(measurement);
    const { what, side, exact, values, detail, loadBefore, coresOfOthers } = measurement;
    console.log(
      JSON.stringify({
        what,
        side,
        exact,
        loadBefore,
        coresOfOthers,
        ...values,
        ...(exact ? {} : { wrong: detail }),
      }),
    );
    this.write();
  }

  compare(comparison: Comparison): void {
    this.compared.push(comparison);
    // It may come after the last measurement.
    this.write();
  }

  private write(): void {
    writeFileSync(this.file, `${JSON.stringify(this.results, null, 1)}\n`);
  }

  get results(): Results {
    return { ...this.where, measurements: this.taken, comparisons: this.compared };
  }
}
