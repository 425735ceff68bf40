import type pg from 'pg';
import { FetchedRecords } from '../../../src/kafka/consumer/fetchedRecords.js';
import { IdArena } from '../../../src/domain/counting/idChunk.js';
import type { Decoder } from '../../../src/kafka/decode/decoder.js';
import { Interner } from '../../../src/kafka/decode/interner.js';
import type { Decoded } from '../../../src/kafka/decode/decoded.js';

import type { OffsetStep } from '../../../src/postgres/counting/offsets.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { ensureSeenPartitions } from '../../../src/postgres/partitions.js';
import { createPool } from '../../../src/postgres/pool.js';
import { AccountCache } from '../../../src/roles/processor/accountCache.js';
import { countBatch } from '../../../src/roles/processor/countBatch.js';
import { Intake } from '../../../src/roles/processor/intake.js';
import { OpenIntake, type Numbers } from '../../../src/roles/processor/reading/openIntake.js';
import { verdictOn } from '../../../src/roles/processor/faults.js';
import type { Context } from '../../../src/domain/judging/context.js';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { grant, withdraw } from '../../../src/roles/allowances.js';
import { followPolicyEverywhere } from '../../../src/roles/followPolicy.js';
import { ExpectedError } from '../../../src/support/expectedError.js';
import type { AgreementEntry, LogEntry } from '../../../src/simulation/truth/types.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy, type Results } from '../../support/engineLog.js';
import { BEGIN } from '../../support/happenedLog.js';
import { decodedOf } from '../../support/memoryEngine.js';
import type { LogBook } from '../../simulation/logs.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';

const POLICY = smallPolicy();
const TINY_BYTES = 1;
const ROOMY_BYTES = 64 * 1024 * 1024;
const DAY = 86_400_000;
const METRICS = ['chats', 'sessions', 'tickets', 'upload_bytes'] as const;

// Logs have a handful of accounts: so batches have parts.
const ACCOUNTS_AT_ONCE = 2;

/** A migrated database with room for the months of the random logs. */
export async function countingDatabase(): Promise<FreshDatabase> {
  const database = await freshDatabase('counting');
  await migrateDatabase(database.url);
  const pool = createPool(database.url, 1, () => undefined);
  const months = Array.from({ length: 80 }, (_, n) =>
    new Date(Date.UTC(2026, 2 + n, 1)).toISOString().slice(0, 10),
  );
  if (Date.parse(months[0] ?? '') > BEGIN - 36 * DAY) throw new Error('late events have no partition');
  await ensureSeenPartitions(pool, months);
  await pool.end();
  return database;
}

const TABLES = [
  'input_offsets',
  'account_heads',
  'accounts',
  'allowances',
  'account_snapshots',
  'seen_ids',
  'usage_buckets',
  'windows',
  'crossings',
  'violations',
  'overages',
  'measures',
  'notifications',
  'outbox',
  'parked_events',
  'dead_letters',
];

export async function empty(pool: pg.Pool): Promise<void> {
  await pool.query(`truncate ${TABLES.join(', ')}`);
  await pool.query('alter sequence outbox_id restart');
}

/** One process of the engine as far as counting goes: its own pool and its own cache. */
export class Process {
  readonly pool: pg.Pool;
  private cache = new AccountCache(ROOMY_BYTES);

  constructor(
    url: string,
    private policy = POLICY,
  ) {
    this.pool = createPool(url, 2, () => undefined);
  }

  judgeBy(policy: Policy): void {
    this.policy = policy;
  }

  /** Does what an operator does; `ids` keeps the ids under which allowances were granted. */
  async agree({ accountId, arrivedAt, agreement }: AgreementEntry, ids: Map<string, string>): Promise<void> {
    const context = this.contextAt(arrivedAt);
    try {
      if ('withdrawn' in agreement) {
        await withdraw(this.pool, accountId, ids.get(agreement.withdrawn) ?? '', context);
        return;
      }
      const { id, ...request } = agreement.granted;
      const outcome = await grant(this.pool, accountId, { ...request, reason: 'agreed' }, context);
      if (outcome.kind === 'granted') ids.set(id, outcome.allowance.id);
    } catch (error) {
      // An operator is told that nobody knows the account.
      if (!(error instanceof ExpectedError)) throw error;
    }
  }

  /** What the scheduler does when the input was read up to an instant. */
  async followPolicy(until: number): Promise<void> {
    const read = new Map(METRICS.map((metric) => [metric, until]));
    await followPolicyEverywhere(this.pool, read, this.contextAt(until), new AbortController().signal);
  }

  private contextAt(now: number): Context {
    return { policy: this.policy, now, id: eventId };
  }

  forget(tiny: boolean): void {
    this.cache = new AccountCache(tiny ? TINY_BYTES : ROOMY_BYTES);
  }

  /**
   * Counts entries of the log, at the latest arrival among them; conflicts are counted again, as the loop does. Returns how
   * many conflicts there were.
   */
  async count(entries: readonly LogEntry[]): Promise<number> {
    const now = Math.max(...entries.map((e) => e.arrivedAt));
    for (let attempt = 0; ; attempt += 1) {
      try {
        await countBatch(this.pool, this.cache, intakeOf(entries), this.contextAt(now), ACCOUNTS_AT_ONCE);
        return attempt;
      } catch (error) {
        if (verdictOn(error, attempt) !== 'conflict') throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** Numbers the entries of log books as one log and has them counted. */
export class Feed {
  private readonly offsets = new Map<string, number>();

  /** Takes the entries out of the book. */
  async count(process: Process, book: LogBook): Promise<void> {
    const placed = book.entries.splice(0).map((entry): LogEntry => {
      const offset = this.offsets.get(entry.topic) ?? 0;
      this.offsets.set(entry.topic, offset + 1);
      return { ...entry, offset };
    });
    await process.count(placed);
  }
}

function stepsOf(entries: readonly LogEntry[]): OffsetStep[] {
  const steps = new Map<string, OffsetStep>();
  for (const { topic, partition, offset, arrivedAt } of entries) {
    const key = `${topic}/${partition}`;
    steps.set(key, {
      topic,
      partition,
      expected: steps.get(key)?.expected ?? offset,
      next: offset + 1,
      readUpTo: arrivedAt,
      lastDigest: Buffer.from([offset % 256]),
    });
  }
  return [...steps.values()];
}

/** What the processor takes in of the entries. */
export function intakeOf(entries: readonly LogEntry[]): Intake {
  const numbers = { accounts: new Interner(), workspaces: new Interner() };
  const intake = new OpenIntake(numbers);
  for (const step of stepsOf(entries)) intake.step(step);
  entries.forEach((entry, n) => {
    const { topic, partition, offset } = entry;
    intake.begin({ topic, partition }, recordsAt([offset], Buffer.from(String(n))));
    intake.take(0, kindOf(entry));
  });
  const decoder = { decode: ({ value }: { value: Buffer | null }) => kindOf(entryNamedBy(entries, value)) };
  return handedOver(intake, numbers, decoder);
}

/** What the thread that counts has of an open intake. */
export function handedOver(open: OpenIntake, numbers: Numbers, decoder: Pick<Decoder, 'decode'>): Intake {
  const accountIds = numbers.accounts.texts;
  const workspaceIds = numbers.workspaces.texts;
  const taken = open.handOver({
    accountIds: { from: 0, texts: accountIds },
    workspaceIds: { from: 0, texts: workspaceIds },
  });
  return new Intake(structuredClone(taken), { accountIds, workspaceIds }, new IdArena(), decoder);
}

function entryNamedBy(entries: readonly LogEntry[], value: Buffer | null): LogEntry {
  const entry = entries[Number(value)];
  if (entry === undefined) throw new Error('there is no such entry');
  return entry;
}

/** Fetched records of the same value, without keys. */
export function recordsAt(offsets: readonly number[], value: Buffer | null): FetchedRecords {
  const bytes = value ?? Buffer.alloc(0);
  const records = new FetchedRecords(bytes, offsets.length);
  for (const offset of offsets) records.add(offset, 0, -1, -1, value === null ? -1 : 0, bytes.length);
  return records;
}

function kindOf(entry: LogEntry): Decoded {
  const event = decodedOf(entry);
  if (event === null) return { kind: 'uncounted' };
  return 'snapshot' in event ? { kind: 'account', event } : { kind: 'usage', event };
}

interface Row {
  account_id: string;
  workspace_id: string | null;
  rule: string;
  window_start: number;
}

/** What the reporting views say. */
export async function reported(pool: pg.Pool): Promise<Results> {
  const scope = (row: Row) => ({
    accountId: row.account_id,
    workspaceId: row.workspace_id,
    rule: row.rule,
    start: row.window_start,
  });
  const read = async <T>(view: string): Promise<(Row & T)[]> =>
    (await pool.query<Row & T>(`select * from reporting.${view}`)).rows;
  return {
    windows: (
      await read<{
        window_end: number;
        used: number;
        peak_60m: number | null;
        limit_value: number;
        plan: string;
      }>('usage_windows')
    ).map((r) => ({
      ...scope(r),
      end: r.window_end,
      used: r.used,
      peak: r.peak_60m,
      limit: r.limit_value,
      plan: r.plan,
    })),
    crossings: (
      await read<{
        level: number;
        limit_value: number;
        used: number;
        crossed_at: number;
        cause_event_id: string | null;
        continues_episode: boolean;
      }>('crossings')
    ).map((r) => ({
      ...scope(r),
      level: r.level,
      limit: r.limit_value,
      used: r.used,
      crossedAt: r.crossed_at,
      causeEventId: r.cause_event_id,
      continuesEpisode: r.continues_episode,
    })),
    violations: (await read<{ occurred_at: number }>('violations'))
      .filter(({ window_start }) => (window_start as number | null) !== null)
      .map((r) => ({ ...scope(r), occurredAt: r.occurred_at })),
    overages: (await read<{ kind: string; limit_value: number; used: number }>('overages'))
      .filter(({ kind }) => kind === 'STARTED')
      .map((r) => ({
        ...scope(r),
        limit: r.limit_value,
        used: r.used,
      })),
    notices: (
      await read<{ kind: string; level: number; created_at: number; status: string; reason: string | null }>(
        'notifications',
      )
    )
      .filter(({ kind }) => kind === 'THRESHOLD_WARNING')
      .map((r) => ({
        ...scope(r),
        level: r.level,
        createdAt: r.created_at,
        status: r.status,
        reason: r.status === 'SUPPRESSED' ? r.reason : null,
      })),
  };
}
