import { loadavg } from 'node:os';
import pg from 'pg';
import { readSoFar, type Bench } from './bench.js';
import { Engine } from './engine.js';
import type { Expected } from './oracle.js';
import { cpuOf, cpuOfMachine, peakMemory } from './proc.js';
import { until } from './until.js';
import { differences } from './verify.js';

const CHATS = 'platform.chats.v1';

export interface DrainResult {
  readonly events: number;
  readonly processes: number;
  readonly perSecondFromStart: number;
  readonly perSecondFromReady: number;
  /** CPU-seconds per million events, the engine's start included. */
  readonly cpuPerMillion: {
    readonly engine: number;
    readonly broker: number;
    readonly postgres: number;
    readonly all: number;
  };
  readonly engineMemoryMB: number;
  readonly databaseMB: number;
  readonly loadBefore: number;
  /** Cores used by everything else on the machine meanwhile. */
  readonly coresOfOthers: number;
}

export interface DrainSettings {
  readonly processes: number;
  readonly roles: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Lets fresh processes drain the topic into a fresh database. Throws when a single figure is not the oracle's. */
export async function drain(bench: Bench, expected: Expected, settings: DrainSettings): Promise<DrainResult> {
  const database = await bench.freshDatabase();
  const db = new pg.Pool({ connectionString: bench.databaseUrl(database), max: 2 });
  const engines: Engine[] = [];
  try {
    const loadBefore = loadavg()[0] ?? 0;
    const sizeBefore = await sizeOf(db);
    const before = { ...bench.cpu(), machine: cpuOfMachine() };
    const spawnedAt = Date.now();
    for (let n = 0; n < settings.processes; n += 1) {
      engines.push(
        await Engine.start({
          env: { ...bench.env(database), ...settings.env },
          roles: settings.roles,
          folder: bench.folder,
          nodeOptions: settings.nodeOptions,
        }),
      );
    }
    await until('everything is counted', async () => {
      for (const engine of engines) engine.assertRunning();
      return (await readSoFar(db, CHATS)) === expected.records;
    });
    const doneAt = Date.now();
    const after = { ...bench.cpu(), machine: cpuOfMachine() };
    const engine = engines.reduce((sum, { pid }) => sum + cpuOf(pid), 0);
    const engineMemoryMB = Math.max(...engines.map(({ pid }) => peakMemory(pid)));
    const readyAt = Math.min(...(await Promise.all(engines.map((one) => one.readyAt()))));
    const wrong = await differences(db, expected);
    if (wrong.length > 0) throw new Error(`counted wrong:\n  ${wrong.join('\n  ')}`);
    const broker = after.broker - before.broker;
    const postgres = after.postgres - before.postgres;
    const all = engine + broker + postgres;
    const perMillion = (seconds: number): number => round((seconds * 1e6) / expected.records, 2);
    return {
      events: expected.records,
      processes: settings.processes,
      perSecondFromStart: rate(expected.records, doneAt - spawnedAt),
      perSecondFromReady: rate(expected.records, doneAt - readyAt),
      cpuPerMillion: {
        engine: perMillion(engine),
        broker: perMillion(broker),
        postgres: perMillion(postgres),
        all: perMillion(all),
      },
      engineMemoryMB,
      databaseMB: round((await sizeOf(db)) - sizeBefore, 1),
      loadBefore: round(loadBefore, 1),
      coresOfOthers: round((after.machine - before.machine - all) / ((doneAt - spawnedAt) / 1_000), 2),
    };
  } finally {
    for (const engine of engines) await engine.end('SIGTERM');
    await db.end();
    await bench.dropDatabase(database);
  }
}

async function sizeOf(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  return Number(rows[0]?.bytes ?? 0) / 1e6;
}

function rate(events: number, ms: number): number {
  return Math.round((events * 1_000) / ms);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
