import type pg from 'pg';
import type { InputTopic } from '../../src/kafka/topics.js';
import type { Bench, ServersCpu } from '../lib/bench.js';
import { Counting, type EngineOptions } from '../lib/counting.js';
import type { Engine } from '../lib/engine.js';
import { measured, round, Surroundings, type Measurement } from '../lib/measurement.js';
import { cpuOf, peakMemory } from '../lib/proc.js';
import { sumOf } from '../lib/prometheus.js';
import { sizeOf } from '../lib/sizes.js';
import type { Expected } from '../lib/oracle.js';
import { CHATS } from '../lib/topic.js';
import { differences } from '../lib/verify.js';

/** As the peer's end is looked for. */
const LOOKED_AT_EVERY_MS = 50;

/** What is to be counted, and how it is known whether it was. */
export interface Target {
  readonly topics: readonly InputTopic[];
  readonly records: number;
  differences(db: pg.Pool): Promise<string[]>;
}

export function chatsTarget(expected: Expected): Target {
  return { topics: [CHATS], records: expected.records, differences: (db) => differences(db, expected) };
}

/** Has fresh processes of the engine drain topics into a fresh database, and compares what is there with an oracle. */
export function drain(
  bench: Bench,
  what: string,
  target: Target,
  { processes, ...options }: EngineOptions & { readonly processes: number },
): Promise<Measurement> {
  return Counting.with(bench, options, async (counting) => {
    const { db, engines } = counting;
    const sizeBefore = await sizeOf(db);
    const surroundings = new Surroundings();
    const before = bench.cpu();
    const spawnedAt = Date.now();
    for (let n = 0; n < processes; n += 1) await counting.start();
    await counting.counted(target.records, { topics: target.topics, everyMs: LOOKED_AT_EVERY_MS });
    const doneAt = Date.now();
    const cpu = cpuSince(engines, before, bench.cpu());
    const around = surroundings.tell(cpu.all);
    const memory = Math.max(...engines.map(({ pid }) => peakMemory(pid)));
    const readyAt = Math.min(...(await Promise.all(engines.map((engine) => engine.readyAt()))));
    const n = target.records;
    const values = {
      perSecondFromReady: rate(n, doneAt - readyAt),
      perSecondFromStart: rate(n, doneAt - spawnedAt),
      startSeconds: round((readyAt - spawnedAt) / 1_000, 2),
      ...perMillion(cpu, n),
      memory,
      ...(processes === 1 && { memoryWhole: memory }),
      bytesPerMillion: round((((await sizeOf(db)) - sizeBefore) * 1e6) / n, 1),
      ...(await transactions(engines)),
    };
    return measured({ what, side: 'engine', wrong: await target.differences(db), values, ...around });
  });
}

export type Cpu = ServersCpu & { readonly engine: number; readonly all: number };

/** CPU-seconds of processes that began after `before`, and of the servers since. */
export function cpuSince(engines: readonly Engine[], before: ServersCpu, after: ServersCpu): Cpu {
  const engine = engines.reduce((sum, { pid }) => sum + cpuOf(pid), 0);
  const broker = after.broker - before.broker;
  const postgres = after.postgres - before.postgres;
  const registry = after.registry - before.registry;
  return { engine, broker, postgres, registry, all: engine + broker + postgres + registry };
}

/** CPU-seconds per million events, each process's start included. */
export function perMillion(cpu: Cpu, events: number): Record<string, number> {
  const each = (seconds: number): number => round((seconds * 1e6) / events, 2);
  return {
    cpu: each(cpu.all),
    cpuProcess: each(cpu.engine),
    cpuBroker: each(cpu.broker),
    cpuPostgres: each(cpu.postgres),
    cpuRegistry: each(cpu.registry),
  };
}

/** Counting transactions of all processes, and how many were begun again because another process had been faster. */
async function transactions(engines: readonly Engine[]): Promise<Record<string, number>> {
  const texts = await Promise.all(engines.map((engine) => engine.metrics()));
  const total = (name: string, labels = {}): number =>
    texts.reduce((sum, text) => sum + sumOf(text, name, labels), 0);
  const committed = total('fair_use_batch_seconds_count');
  const conflicts = total('fair_use_counting_retries_total', { cause: 'conflict' });
  return {
    transactions: committed,
    conflictsPercent: round((100 * conflicts) / Math.max(1, committed), 2),
  };
}

function rate(events: number, ms: number): number {
  return Math.round((events * 1_000) / ms);
}
