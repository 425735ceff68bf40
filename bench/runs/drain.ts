import pg from 'pg';
import { readSoFar, type Bench, type ServersCpu } from '../lib/bench.js';
import { Engine } from '../lib/engine.js';
import { round, Surroundings, type Measurement } from '../lib/measurement.js';
import type { Peer } from '../lib/peer.js';
import { cpuOf, peakMemory } from '../lib/proc.js';
import { sizeOf } from '../lib/sizes.js';
import { CHATS, type Filled } from '../lib/topic.js';
import { until } from '../lib/until.js';
import { differences } from '../lib/verify.js';

export interface DrainSettings {
  /** The database that knows the accounts. */
  readonly base: string;
  readonly processes: number;
  readonly roles: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Has fresh processes of the engine drain the topic into a fresh database, and compares all of it with the oracle. */
export async function drain(
  bench: Bench,
  what: string,
  { expected }: Filled,
  settings: DrainSettings,
): Promise<Measurement> {
  const database = await bench.databases.copy(settings.base);
  const db = new pg.Pool({ connectionString: bench.databases.url(database), max: 2 });
  const engines: Engine[] = [];
  try {
    const sizeBefore = await sizeOf(db);
    const surroundings = new Surroundings();
    const before = bench.cpu();
    const spawnedAt = Date.now();
    for (let n = 0; n < settings.processes; n += 1) {
      const env = { ...bench.env(database), ...settings.env };
      engines.push(await Engine.start({ ...settings, env, folder: bench.folder }));
    }
    await until('everything is counted', async () => {
      for (const engine of engines) engine.assertRunning();
      return (await readSoFar(db, CHATS)) === expected.records;
    });
    const doneAt = Date.now();
    const cpu = cpuOfAll(engines, before, bench.cpu());
    const around = surroundings.tell(cpu.all);
    const memory = Math.max(...engines.map(({ pid }) => peakMemory(pid)));
    const readyAt = Math.min(...(await Promise.all(engines.map((engine) => engine.readyAt()))));
    const wrong = await differences(db, expected);
    const n = expected.records;
    const values = {
      perSecondFromReady: rate(n, doneAt - readyAt),
      perSecondFromStart: rate(n, doneAt - spawnedAt),
      startSeconds: round((readyAt - spawnedAt) / 1_000, 2),
      ...perMillion(cpu, n),
      memory,
      bytesPerMillion: round((((await sizeOf(db)) - sizeBefore) * 1e6) / n, 1),
    };
    const exact = wrong.length === 0;
    const at = new Date().toISOString();
    return { what, side: 'engine', at, exact, values: exact ? values : {}, detail: wrong, ...around };
  } finally {
    for (const engine of engines) await engine.end('SIGTERM');
    await db.end();
    await bench.databases.drop(database);
  }
}

type Cpu = ServersCpu & { readonly engine: number; readonly all: number };

function cpuOfAll(engines: readonly Engine[], before: ServersCpu, after: ServersCpu): Cpu {
  const engine = engines.reduce((sum, { pid }) => sum + cpuOf(pid), 0);
  const broker = after.broker - before.broker;
  const postgres = after.postgres - before.postgres;
  const registry = after.registry - before.registry;
  return { engine, broker, postgres, registry, all: engine + broker + postgres + registry };
}

/** CPU-seconds per million events, each process's start included. */
function perMillion(cpu: Cpu, events: number): Record<string, number> {
  const each = (seconds: number): number => round((seconds * 1e6) / events, 2);
  return {
    cpu: each(cpu.all),
    cpuProcess: each(cpu.engine),
    cpuBroker: each(cpu.broker),
    cpuPostgres: each(cpu.postgres),
    cpuRegistry: each(cpu.registry),
  };
}

function rate(events: number, ms: number): number {
  return Math.round((events * 1_000) / ms);
}

/** What `run.sh` of the peer says of a drain. */
interface PeerDrain {
  readonly evS: number;
  readonly evSWithStart: number;
  readonly startS: number;
  readonly loadBefore: number;
  readonly othersCores: number;
  readonly cpuPerM: Readonly<Record<'app' | 'broker' | 'sink' | 'postgres' | 'sum', number>>;
  readonly rssMB: Readonly<Record<'app' | 'sink', number>>;
  readonly verify: { readonly countersOk: boolean; readonly violationsOk: boolean };
  readonly pgOk: boolean;
}

/** The same topic, drained by the peer with its Postgres sink: two threads, a commit interval of a second. */
export async function peerDrain(peer: Peer, what: string, { workload }: Filled): Promise<Measurement> {
  const args = ['B', String(workload.events), '2', '1000'];
  const detail = (await peer.run(args, workload)) as unknown as PeerDrain;
  const exact = detail.verify.countersOk && detail.verify.violationsOk && detail.pgOk;
  const { cpuPerM } = detail;
  const values = {
    perSecondFromReady: detail.evS,
    perSecondFromStart: detail.evSWithStart,
    startSeconds: detail.startS,
    cpu: cpuPerM.sum,
    cpuProcess: round(cpuPerM.app + cpuPerM.sink, 2),
    cpuBroker: cpuPerM.broker,
    cpuPostgres: cpuPerM.postgres,
    memory: detail.rssMB.app,
    memorySink: detail.rssMB.sink,
  };
  return {
    what,
    side: 'peer',
    at: new Date().toISOString(),
    exact,
    values: exact ? values : {},
    detail,
    loadBefore: detail.loadBefore,
    coresOfOthers: detail.othersCores,
  };
}
