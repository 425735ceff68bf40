import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { INPUT_TOPICS } from '../../../src/kafka/topics.js';
import { readEnds } from '../../../src/simulation/verify/readTopics.js';
import { until } from '../../e2e/world.js';
import { freshDatabase } from '../../support/stack.js';
import { Engine } from '../world/engine.js';
import type { Servers } from '../world/servers.js';
import { nextOffsets } from './offsets.js';

/**
 * What must come out alike however often the log is counted, and in whatever pieces. Rows that a plan does not name any
 * more are left out: whether it ever named them depends on which topic was read first.
 */
const QUESTIONS: readonly (readonly [string, string])[] = [
  [
    'window',
    `select format('%s %s %s %s: used %s, peak %s, limit %s, plan %s', account_id, rule, workspace_id, window_start,
       used, peak_60m, limit_value, plan) as line from windows where limit_value is not null`,
  ],
  [
    'seen',
    `select format('%s %s: %s ids, %s', account_id, month, count(*), md5(string_agg(id, ''::bytea order by id))) as line
     from seen_ids cross join lateral (
       select substring(counted from n for 16) as id from generate_series(1, length(counted), 16) n
     ) one group by account_id, month`,
  ],
  [
    'dead letter',
    `select format('%s/%s@%s %s', topic, partition, "offset", reason) as line from dead_letters`,
  ],
  ['parked', `select format('%s/%s@%s', topic, partition, "offset") as line from parked_events`],
];

/** I8: one processor alone counts the whole log into an empty database, and what it finds is compared. */
export async function compareReplay(servers: Servers, withinMs: number): Promise<string[]> {
  const fresh = await freshDatabase('replay', servers.stack.addresses.databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-replay-'));
  const db = new pg.Pool({ connectionString: fresh.url, max: 1 });
  db.on('error', () => undefined);
  const rows = async (sql: string) => (await db.query(sql)).rows as never[];
  const env = { ...servers.env(fresh.url), AUTO_MIGRATE: 'true' };
  const engine = new Engine({ name: 'replay', roles: ['processor'], env, folder });
  try {
    const ends = await readEnds(servers.kafka, INPUT_TOPICS);
    const done = async (): Promise<boolean> => {
      if (engine.end !== null) throw new Error(`the replay ended: ${engine.lastLines()}`);
      const next = await nextOffsets({ rows }).catch(() => new Map<string, number>());
      return [...ends].every(([name, end]) => (next.get(name) ?? 0) >= end);
    };
    await until('the log is counted again', done, withinMs);
    const broken: string[] = [];
    for (const [what, sql] of QUESTIONS) {
      const first = new Set((await servers.rows<{ line: string }>(sql)).map(({ line }) => line));
      const again = new Set(((await rows(sql)) as { line: string }[]).map(({ line }) => line));
      for (const line of first)
        if (!again.has(line)) broken.push(`I8: ${what}: ${line}: not so when counted again`);
      for (const line of again)
        if (!first.has(line)) broken.push(`I8: ${what}: ${line}: only when counted again`);
    }
    return broken.slice(0, 50);
  } finally {
    await engine.kill();
    await db.end();
    await fresh.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}
