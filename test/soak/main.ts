/** `npm run soak -- --minutes 30`: steady traffic against a real stack, and whether anything grows. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { judge, type Series, type Verdict } from './judge.js';
import { sample, seriesOf, type Sample } from './sample.js';
import { Stage } from './stage.js';

interface Options {
  readonly minutes: number;
  readonly rate: number;
  readonly engines: number;
  readonly folder: string;
  readonly divisor: number;
}

// Ninety samples however long it takes: thirty to a third.
const SAMPLES = 90;
// The platform opens with a month's worth of sessions in a burst: steady load begins behind it.
const OPENING = 9;

const program = new Command('soak')
  .description(
    'steady simulated traffic against a real stack in a folder of its own; 0: nothing grew, 1: something did',
  )
  .option('--minutes <n>', 'how long', Number, 30)
  .option('--rate <n>', 'events a second', Number, 300)
  .option('--engines <n>', 'processes that run every role', Number, 2)
  .option('--divisor <n>', 'RETENTION_DIVISOR: the outbox keeps a week divided by it', Number, 10_000)
  .option('--folder <path>', 'state and logs; emptied first', '.data/soak');
program.parse();
process.exitCode = (await soak(program.opts<Options>())) ? 0 : 1;

async function soak(options: Options): Promise<boolean> {
  const folder = resolve(options.folder);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopping.abort();
    });
  }
  const stage = await Stage.start({
    folder,
    engines: options.engines,
    ratePerSecond: options.rate,
    retentionDivisor: options.divisor,
  });
  try {
    const samples = await take(stage, options.minutes * 60_000, stopping.signal);
    await stage.drain(60_000);
    if (stopping.signal.aborted) return false;
    const series = seriesOf(samples, OPENING);
    write(folder, series);
    const verdicts = judge(series);
    show(verdicts);
    const grown = verdicts.filter(({ flat }) => !flat);
    process.stdout.write(
      `\n${stage.published.toLocaleString('en')} events in ${options.minutes} minutes; ` +
        (grown.length === 0 ? 'nothing grew\n' : `${grown.length} of ${verdicts.length} figures grew\n`),
    );
    return grown.length === 0;
  } finally {
    await stage.stop();
  }
}

async function take(stage: Stage, forMs: number, signal: AbortSignal): Promise<Sample[]> {
  const samples: Sample[] = [];
  const began = performance.now();
  for (let n = 1; n <= SAMPLES && !signal.aborted; n += 1) {
    const wait = began + (forMs * n) / SAMPLES - performance.now();
    await sleep(Math.max(0, wait), undefined, { signal }).catch(() => undefined);
    const now = await sample(stage.db, stage.processes);
    samples.push(now);
    const value = (name: string): string => (now.figures.get(name)?.value ?? Number.NaN).toFixed(0);
    process.stdout.write(
      `${((performance.now() - began) / 60_000).toFixed(1)} min  ${stage.published} events  memory ` +
        `${[...now.figures.keys()]
          .filter((name) => name.startsWith('memory'))
          .map(value)
          .join(' + ')} MB  ` +
        `connections ${value('connections')}  outbox ${value('outbox')}  dead letters ${value('dead_letters')}\n`,
    );
  }
  return samples;
}

function write(folder: string, series: readonly Series[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = series.map(({ name, unit, values }) => [name, unit, ...values].join(';'));
  writeFileSync(join(folder, 'series.csv'), `${lines.join('\n')}\n`);
}

function show(verdicts: readonly Verdict[]): void {
  const digits = (unit: string, value: number): string =>
    value.toFixed(unit === 'rows' || unit === 'connections' ? 0 : unit === 'rows/event' ? 4 : 1);
  const rows = verdicts.map(({ name, unit, middle, last, allowed, flat }) => [
    name,
    unit,
    digits(unit, middle),
    digits(unit, last),
    digits(unit, allowed),
    flat ? 'flat' : 'GROWS',
  ]);
  const table = [['figure', 'unit', 'second third', 'last third', 'at most', ''], ...rows];
  process.stdout.write(`\n${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
}
