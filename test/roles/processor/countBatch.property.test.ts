import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OffsetMoved } from '../../../src/postgres/counting/offsets.js';
import { recount } from '../../../src/simulation/truth/recount.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { consequencesOf } from '../../support/consequences.js';
import { comparable, resultsOf, UPLOAD_BYTES } from '../../support/engineLog.js';
import { entriesOf, isRecord, logOf, type Entry } from '../../support/happenedLog.js';
import { happenings, type Happening } from '../../support/happenings.js';
import type { FreshDatabase } from '../../support/stack.js';
import { VERSIONS, versionsAt } from '../../support/versions.js';
import { countingDatabase, empty, Process, reported } from './feeder.js';
import { reportedConsequences } from './reportedConsequences.js';

// Shrinking a long log takes a while: the best counterexample by then will do.
const RUNS = Number(process.env['FC_RUNS'] ?? 10);
const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };

const versions = fc.nat({ max: VERSIONS.length - 1 });

interface Cut {
  readonly length: number;
  readonly process: 0 | 1;
  readonly before: 'nothing' | 'forget' | 'forget everything always' | 'killed' | 'stale';
}
const cut: fc.Arbitrary<Cut> = fc.record({
  length: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 300, max: 3_000 })),
  process: fc.constantFrom(0, 1),
  before: fc.constantFrom('nothing', 'nothing', 'forget', 'forget everything always', 'killed', 'stale'),
});

interface Batch {
  readonly entries: Entry[];
  readonly cut: Cut;
}

/**
 * Batches of a log. A snapshot goes first in its batch, so that splitting does not change what is judged by what; what an
 * operator does stands between two batches.
 */
function batchesOf(log: readonly Entry[], cuts: readonly Cut[]): Batch[] {
  const begins = (entry: Entry | undefined): boolean =>
    entry === undefined || !isRecord(entry) || entry.topic === 'platform.accounts.v1';
  const batches: Batch[] = [];
  let at = 0;
  for (let n = 0; at < log.length; n += 1) {
    const next = cuts[n % cuts.length] ?? { length: 1, process: 0, before: 'nothing' };
    const first = log[at];
    let end = at + 1;
    if (first !== undefined && isRecord(first)) {
      while (end - at < next.length && !begins(log[end])) end += 1;
    }
    batches.push({ entries: log.slice(at, end), cut: next });
    at = end;
  }
  return batches;
}

const recordsIn = ({ entries }: Batch): LogEntry[] => entries.filter(isRecord);

describe('the counting transaction against the naive recount', () => {
  let database: FreshDatabase;
  let processes: [Process, Process];
  beforeAll(async () => {
    database = await countingDatabase();
    processes = [new Process(database.url), new Process(database.url)];
  });
  afterAll(async () => {
    for (const process of processes) await process.close();
    await database.drop();
  });

  async function tables(): Promise<Record<string, unknown>> {
    const { pool } = processes[0];
    const outbox = await pool.query('select account_id, topic, event_id, record from outbox order by id');
    const heads = await pool.query('select * from account_heads order by account_id');
    const seen = await pool.query<{ n: number }>(
      'select coalesce(sum(length(counted)), 0)::int8 as n from seen_ids',
    );
    const snapshots = await pool.query('select account_id, applied from account_snapshots order by 1, 2');
    const views = { ...comparable(await reported(pool)), consequences: await reportedConsequences(pool) };
    return { ...views, outbox: outbox.rows, heads: heads.rows, seen: seen.rows, snapshots: snapshots.rows };
  }

  /** Empty tables begin versions anew, so nothing of before may be remembered. */
  async function anew(): Promise<void> {
    await empty(processes[0].pool);
    for (const process of processes) process.forget(false);
  }

  async function kill(process: Process): Promise<void> {
    await process.pool.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
  }

  async function feed(batches: readonly Batch[], policy: Policy): Promise<void> {
    await anew();
    for (const process of processes) process.judgeBy(policy);
    const granted = new Map<string, string>();
    let last: readonly LogEntry[] = [];
    for (const { entries, cut: how } of batches) {
      const process = processes[how.process];
      if (how.before === 'forget') process.forget(false);
      if (how.before === 'forget everything always') process.forget(true);
      if (how.before === 'killed') await kill(process);
      if (how.before === 'stale' && last.length > 0) {
        await expect(process.count(last)).rejects.toThrow(OffsetMoved);
      }
      const records = entries.filter(isRecord);
      if (records.length > 0) {
        await process.count(records);
        last = records;
      }
      for (const entry of entries) if (!isRecord(entry)) await process.agree(entry, granted);
    }
  }

  /** Notices are created when their batch is counted, so the log is stamped with that. */
  function stamped(log: readonly Entry[], cuts: readonly Cut[]): Entry[] {
    return batchesOf(log, cuts).flatMap(({ entries }) => {
      const arrivedAt = Math.max(...entries.map((e) => e.arrivedAt));
      return entries.map((entry) => ({ ...entry, arrivedAt }));
    });
  }

  it('fills the views as the recount does, however the log is cut and whoever counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        happenings(18),
        fc.array(cut, { minLength: 1, maxLength: 6 }),
        versions,
        async (happened, cuts, chosen) => {
          const { policy, later } = versionsAt(chosen);
          const log = stamped(entriesOf(happened), cuts);
          await feed(batchesOf(log, cuts), policy);
          const until = log.at(-1)?.arrivedAt ?? 0;
          await processes[0].followPolicy(until);
          const options = { uploadBytesPerYear: UPLOAD_BYTES, laterVersions: later, until };
          const truth = recount(log, options);
          const before = await tables();
          const { windows, crossings, violations, overages, notices, consequences } = before;
          expect({ windows, crossings, violations, overages, notices }).toEqual(comparable(resultsOf(truth)));
          expect(consequences).toEqual(consequencesOf(truth));
          for (const batch of batchesOf(log, cuts)) {
            const records = recordsIn(batch);
            if (records.length === 0) continue;
            await expect(processes[batch.cut.process].count(records)).rejects.toThrow(OffsetMoved);
          }
          expect(await tables()).toEqual(before);
        },
      ),
      { numRuns: RUNS, ...SEED },
    );
  }, 300_000);

  it('emits the same events, in the same order, when the same input is cut into other batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        happenings(10),
        fc.array(cut, { minLength: 1, maxLength: 4 }),
        versions,
        async (happened, cuts, chosen) => {
          const { policy } = versionsAt(chosen);
          const log = stamped(entriesOf(happened), cuts);
          const order = async (): Promise<{ event_id: string }[]> => {
            const { rows } = await processes[0].pool.query<{ event_id: string }>(
              'select account_id, topic, event_id, record from outbox order by account_id, id',
            );
            return rows;
          };
          await feed(batchesOf(log, cuts), policy);
          const first = await order();
          const finer = cuts.map((c) => ({
            ...{ length: Math.ceil(c.length / 2), process: 0, before: 'nothing' },
          })) as Cut[];
          // Batches of one stamp are cut further, never joined: the engine's clock stays what it was.
          const pieces = batchesOf(log, cuts).flatMap(({ entries }) => batchesOf(entries, finer));
          await feed(pieces, policy);
          expect(await order()).toEqual(first);
          const ids = first.map((row) => row.event_id);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { numRuns: RUNS, ...SEED },
    );
  }, 300_000);

  it('counts exactly when two processes take partitions of the same accounts at once', async () => {
    await anew();
    for (const process of processes) process.judgeBy(versionsAt(0).policy);
    const burst = (account: number, late: number): Happening => ({
      kind: 'burst',
      what: 'chats',
      count: 1_100,
      late,
      gap: 300,
      ws: account,
      wait: 0,
      account,
    });
    const known = [0, 1, 2].map((account): Happening => ({
      kind: 'snapshot',
      plan: ['pro', 'ltd', 'sandbox'][account] ?? '',
      status: 'ACTIVE',
      zone: 'UTC',
      anchor: null,
      wait: 0,
      account,
    }));
    const bursts = [0, 1, 2, 0, 1, 2, 0, 1, 2].map((account, n) => burst(account, n < 3 ? 0 : 7_000_000));
    const log = logOf([...known, ...bursts]);
    const accounts = log.filter((e) => e.topic === 'platform.accounts.v1');
    const usage = log.filter((e) => e.topic !== 'platform.accounts.v1');
    const halves = [0, 1].map((half) =>
      usage.filter((_, n) => n % 2 === half).map((e, offset) => ({ ...e, partition: half, offset })),
    );
    await processes[0].count(accounts);
    await Promise.all(
      halves.map(async (half, n) => {
        for (let at = 0; at < half.length; at += 300)
          await processes[n === 0 ? 0 : 1].count(half.slice(at, at + 300));
      }),
    );
    const truth = comparable(resultsOf(recount(log, { uploadBytesPerYear: UPLOAD_BYTES })));
    const found = await reported(processes[0].pool);
    expect(comparable(found).windows).toEqual(truth.windows);
    const crossed = (lines: readonly string[]): (string | undefined)[] =>
      lines
        .map((line) =>
          /(accountId=\S+).*(level=\S+ limit=\S+ rule=\S+ start=\S+).*(workspaceId=\S+)/
            .exec(line)
            ?.slice(1)
            .join(),
        )
        .sort();
    expect(crossed(comparable(found).crossings)).toEqual(crossed(truth.crossings));
    expect(found.crossings.length).toBeGreaterThan(5);
  });
});
