import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { Series } from './judge.js';

/** A measurement, and how it is judged: as it is, or by the events counted since the opening of the run. */
interface Measured {
  readonly unit: 'MB' | 'bytes' | 'rows' | 'connections' | 'rows/account';
  readonly value: number;
  readonly noise: number;
  readonly perEvent: boolean;
}

/** Engine and database at one moment. */
export interface Sample {
  readonly events: number;
  readonly figures: ReadonlyMap<string, Measured>;
}

/** Tables that must not grow at all under steady load, once what they keep has its age. */
const LEVEL = ['outbox', 'dead_letters', 'parked_events', 'account_heads', 'accounts', 'input_offsets'];
/** Tables that hold evidence for months or years: what an event adds to them must not grow. */
const BY_EVENT = [
  'seen_ids',
  'usage_buckets',
  'windows',
  'crossings',
  'violations',
  'notifications',
  'deliveries',
  'messages',
  'account_snapshots',
];

const MB = 1024 * 1024;
const OF_MEMORY = { unit: 'MB', noise: 24, perEvent: false } as const;
const OF_SIZE = { unit: 'MB', noise: 2, perEvent: false } as const;
const OF_ROWS = { unit: 'rows', noise: 200, perEvent: false } as const;
const BYTES_BY_EVENT = { unit: 'bytes', noise: 1, perEvent: true } as const;
const ROWS_BY_EVENT = { unit: 'rows', noise: 0.002, perEvent: true } as const;

export interface Process {
  readonly name: string;
  readonly pid: number;
}

/** Samples processes and database. Rows are counted, sizes are those of the files. */
export async function sample(db: pg.Pool, processes: readonly Process[]): Promise<Sample> {
  const figures = new Map<string, Measured>();
  const one = async (sql: string): Promise<number> =>
    Number((await db.query<{ n: string }>(sql)).rows[0]?.n ?? Number.NaN);
  const size = (what: string, table: string): Promise<number> =>
    one(
      `select coalesce(sum(${what}(c.oid)), 0) n from pg_class c where c.oid = '${table}'::regclass
         or c.oid in (select inhrelid from pg_inherits where inhparent = '${table}'::regclass)`,
    );
  for (const { name, pid } of processes) {
    figures.set(`memory of ${name}`, { ...OF_MEMORY, value: residentMegabytes(pid) });
  }
  const connections = await one(
    "select count(*) n from pg_stat_activity where application_name = 'fair-use'",
  );
  figures.set('connections', { unit: 'connections', noise: 2, perEvent: false, value: connections });
  for (const table of LEVEL) {
    figures.set(table, { ...OF_ROWS, value: await one(`select count(*) n from ${table}`) });
    figures.set(`${table}, table`, { ...OF_SIZE, value: (await size('pg_table_size', table)) / MB });
    figures.set(`${table}, indexes`, { ...OF_SIZE, value: (await size('pg_indexes_size', table)) / MB });
  }
  const events = await one('select sum(next_offset) n from input_offsets');
  for (const table of BY_EVENT) {
    figures.set(table, { ...ROWS_BY_EVENT, value: await one(`select count(*) n from ${table}`) });
    figures.set(`${table}, table`, { ...BYTES_BY_EVENT, value: await size('pg_table_size', table) });
    figures.set(`${table}, indexes`, { ...BYTES_BY_EVENT, value: await size('pg_indexes_size', table) });
  }
  const chunks = await one('select count(*)::float8 / count(distinct (account_id, month)) n from seen_ids');
  figures.set('chunks of seen ids', {
    unit: 'rows/account',
    noise: 3,
    perEvent: false,
    value: chunks,
  });
  return { events, figures };
}

/** The samples as series; figures per event are those of the events since sample number `opening`. */
export function seriesOf(samples: readonly Sample[], opening: number): Series[] {
  const first = samples[Math.min(opening, samples.length - 1)];
  if (first === undefined) return [];
  return [...first.figures].map(([name, { unit, noise, perEvent, value: before }]) => ({
    name,
    noise,
    unit: perEvent ? `${unit}/event` : unit,
    values: samples.map(({ events, figures }) => {
      const value = figures.get(name)?.value ?? Number.NaN;
      return perEvent ? (value - before) / Math.max(1, events - first.events) : value;
    }),
  }));
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
