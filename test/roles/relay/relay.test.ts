import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import type pg from 'pg';
import type { Outgoing } from '../../../src/domain/counting/changes.js';
import { Encoder } from '../../../src/kafka/encoder.js';
import { Registry } from '../../../src/kafka/registry.js';
import { schemaType } from '../../../src/kafka/schemas.js';
import { DEAD_LETTER_TOPIC, OUTPUT_TOPICS, topicSpecs } from '../../../src/kafka/topics.js';
import { writeDeadLetters } from '../../../src/postgres/counting/deadLetters.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { appendOutbox } from '../../../src/postgres/outbox/append.js';
import { OUTBOX_SHARDS } from '../../../src/postgres/outbox/shards.js';
import { readWaiting } from '../../../src/postgres/outbox/waiting.js';
import { createPool } from '../../../src/postgres/pool.js';
import { transaction } from '../../../src/postgres/transaction.js';
import { publishRows } from '../../../src/roles/relay/publish.js';
import { Relay } from '../../../src/roles/relay/relay.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { freshDatabase, testStack, uniqueName, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { TopicReader } from './topicReader.js';

const VIOLATIONS = 'fair-use.violations.v1';
const SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, n) => n);

function violation(accountId: string, used: number): { accountId: string; event: Outgoing } {
  const violationId = randomUUID();
  const record = {
    violationId,
    accountId,
    workspaceId: null,
    plan: 'pro',
    policyVersion: '2021-10-19',
    rule: 'chats-per-hour',
    metric: 'chats',
    windowKind: 'hour',
    windowStart: 0,
    windowEnd: 3_600_000,
    used,
    limit: 2_000,
    level: 100,
    causeEventId: null,
    occurredAt: 1,
    detectedAt: 2,
    details: { clause: 'words' },
  };
  return { accountId, event: { topic: VIOLATIONS, eventId: violationId, record } };
}

describe('the relay', () => {
  const kafka = new Kafka({ brokers: [testStack().kafkaBrokers], logLevel: logLevel.NOTHING });
  const registry = new Registry(testStack().schemaRegistryUrl);
  const relays: Relay[] = [];
  let database: FreshDatabase;
  let pool: pg.Pool;
  let reader: TopicReader;

  beforeAll(async () => {
    const admin = kafka.admin();
    await admin.connect();
    const specs = topicSpecs().filter(({ topic }) => /^fair-use\./.test(topic));
    await admin.createTopics({
      waitForLeaders: true,
      topics: specs.map(({ topic, config }) => ({
        topic,
        numPartitions: 4,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
    await admin.disconnect();
    await registry.registerMissing();
    reader = await TopicReader.open(kafka, [...OUTPUT_TOPICS, DEAD_LETTER_TOPIC]);
  }, 60_000);
  beforeEach(async () => {
    database = await freshDatabase('relay');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 8, () => undefined);
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await pool.end();
    await database.drop();
  });
  afterAll(async () => {
    await reader.close();
  });

  async function startRelay(pollMs?: number): Promise<Relay> {
    const options = { kafka, registry, pool, log: createLog('silent'), metrics: createMetrics() };
    const relay = new Relay(pollMs === undefined ? options : { ...options, pollMs });
    relays.push(relay);
    await relay.start();
    return relay;
  }
  const waiting = async (): Promise<number> => (await readWaiting(pool, SHARDS, 10_000)).length;
  const published = (accountId: string): KafkaMessage[] =>
    reader.messages(VIOLATIONS).filter(({ key }) => key?.toString() === accountId);
  const usedOf = ({ value }: KafkaMessage): number =>
    (schemaType(VIOLATIONS).fromBuffer((value ?? Buffer.alloc(5)).subarray(5)) as { used: number }).used;

  it('publishes every row, an account in its order, and marks what is out', async () => {
    const accounts = [1, 2, 3].map(() => uniqueName('acc'));
    const events = Array.from({ length: 900 }, (_, n) => violation(accounts[n % 3] ?? '', n));
    await appendOutbox(pool, events);
    const relay = await startRelay();
    await until(async () => (await waiting()) === 0);
    await until(() => accounts.every((account) => published(account).length === 300));
    for (const [n, account] of accounts.entries()) {
      expect(published(account).map(usedOf)).toEqual(Array.from({ length: 300 }, (_, i) => 3 * i + n));
    }
    expect(relay.problem()).toBeNull();
  }, 60_000);

  it('publishes the same record again when a relay died before marking it', async () => {
    const account = uniqueName('acc');
    await appendOutbox(pool, [violation(account, 1), violation(account, 2)]);
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    await publishRows(producer, new Encoder(registry), await readWaiting(pool, SHARDS, 10));
    await producer.disconnect();
    await startRelay();
    await until(() => published(account).length === 4);
    const bytes = published(account).map(({ value }) => value?.toString('hex'));
    expect(bytes.slice(2)).toEqual(bytes.slice(0, 2));
    expect(await waiting()).toBe(0);
  }, 60_000);

  it('sets aside what no schema takes, and lets the others pass', async () => {
    const account = uniqueName('acc');
    const broken = violation(account, 2);
    const wrong = { ...broken, event: { ...broken.event, record: { ...broken.event.record, used: 'many' } } };
    await appendOutbox(pool, [violation(account, 1), wrong, violation(account, 3)]);
    await startRelay();
    await until(() => published(account).length === 2);
    expect(published(account).map(usedOf)).toEqual([1, 3]);
    await until(async () => (await waiting()) === 0);
    const { rows } = await pool.query<{ set_aside: string }>(
      'select set_aside from outbox where published_at is null',
    );
    expect(rows.map(({ set_aside: why }) => why)).toEqual([expect.stringMatching(/used|long|many/)]);
  }, 60_000);

  it('sets aside what the broker finds too large, and lets the others pass', async () => {
    const account = uniqueName('acc');
    const big = violation(account, 2);
    const details = { clause: 'x'.repeat(1_200_000) };
    const large = { ...big, event: { ...big.event, record: { ...big.event.record, details } } };
    await appendOutbox(pool, [violation(account, 1), large, violation(account, 3)]);
    await startRelay();
    await until(async () => (await waiting()) === 0);
    await until(() => published(account).length >= 2);
    expect(new Set(published(account).map(usedOf))).toEqual(new Set([1, 3]));
  }, 60_000);

  it('sets nothing aside because its own clock is ahead: the rows wait', async () => {
    const topic = uniqueName('stamped-by-producers');
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    const account = uniqueName('acc');
    await appendOutbox(pool, [violation(account, 1)]);
    const rows = (await readWaiting(pool, SHARDS, 10)).map((row) => ({ ...row, topic: topic as never }));
    const encoder = { encode: () => Promise.resolve(Buffer.of(0)) } as unknown as Encoder;
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const { now } = Date;
    const ahead = jest.spyOn(Date, 'now').mockImplementation(() => now() + 2 * 3_600_000);
    try {
      await expect(publishRows(producer, encoder, rows)).rejects.toMatchObject({ type: 'INVALID_TIMESTAMP' });
    } finally {
      ahead.mockRestore();
      await producer.disconnect();
    }
  }, 60_000);

  it('copies dead letters with their bytes and where they lay, however many and large', async () => {
    const topic = uniqueName('in');
    const letters = Array.from({ length: 40 }, (_, offset) => ({
      record: {
        topic,
        partition: 3,
        offset,
        key: offset % 2 === 0 ? null : Buffer.from([0xff, offset]),
        value: offset === 0 ? null : Buffer.alloc(offset === 1 ? 1_000_000 : 90_000, offset),
      },
      refusal: { reason: 'UNDECODABLE' as const, detail: `detail ${offset}` },
    }));
    await writeDeadLetters(pool, letters);
    await startRelay();
    const copies = (): KafkaMessage[] =>
      reader
        .messages(DEAD_LETTER_TOPIC)
        .filter(({ headers }) => headers?.['dlq-topic']?.toString() === topic);
    const offsetOf = (copy: KafkaMessage): number => Number(copy.headers?.['dlq-offset']?.toString());
    await until(() => new Set(copies().map(offsetOf)).size === 40);
    const numbered = new Map(copies().map((copy) => [offsetOf(copy), copy]));
    for (const { record, refusal } of letters) {
      const copy = numbered.get(record.offset);
      expect(copy?.value?.equals(record.value ?? Buffer.alloc(0)) ?? null).toBe(
        record.value === null ? null : true,
      );
      expect(copy?.key ?? null).toEqual(record.key);
      expect(copy?.headers?.['dlq-reason']?.toString()).toBe(refusal.reason);
      expect(copy?.headers?.['dlq-partition']?.toString()).toBe('3');
      expect(copy?.headers?.['dlq-detail']?.toString()).toBe(refusal.detail);
    }
    await until(async () => {
      const { rows } = await pool.query('select 1 from dead_letters where published_at is null');
      return rows.length === 0;
    });
  }, 90_000);

  it('is taken over, shard by shard, when the session of the one that publishes is killed', async () => {
    const account = uniqueName('acc');
    const holders = async (): Promise<number[]> => {
      const { rows } = await pool.query<{ pid: number; shards: number }>(
        `select pid, count(*) as shards from pg_locks
         where locktype = 'advisory' and classid = 7210333
           and database = (select oid from pg_database where datname = current_database()) group by pid`,
      );
      expect(rows.reduce((sum, { shards }) => sum + shards, 0)).toBeLessThanOrEqual(OUTBOX_SHARDS + 1);
      return rows.map(({ pid }) => pid);
    };
    await startRelay();
    await until(async () => (await holders()).length === 1);
    const [first] = await holders();
    await startRelay();
    for (let n = 0; n < 60; n += 1) {
      await appendOutbox(pool, [violation(account, n)]);
      if (n === 30) await pool.query('select pg_terminate_backend($1)', [first]);
    }
    await until(async () => (await waiting()) === 0);
    await until(() => new Set(published(account).map(usedOf)).size === 60);
    const firsts = [...new Set(published(account).map(usedOf))];
    expect(firsts).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(await holders()).not.toContain(first);
  }, 60_000);

  const NEVER_MS = 3_600_000;
  const idle = async (): Promise<number> => {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and state = 'idle' and pid in (
         select pid from pg_locks where locktype = 'advisory' and classid = 7210333)`,
    );
    return rows[0]?.pid ?? 0;
  };
  /** Commits from a session of its own, as another process does. */
  async function elsewhere(work: (session: pg.PoolClient) => Promise<unknown>): Promise<void> {
    const other = createPool(database.url, 1, () => undefined);
    try {
      await transaction(other, work);
    } finally {
      await other.end();
    }
  }

  it('is woken by the commit of another process, and by nothing before it', async () => {
    const account = uniqueName('acc');
    await startRelay(NEVER_MS);
    await until(async () => (await idle()) !== 0);
    await elsewhere(async (session) => {
      await appendOutbox(session, [violation(account, 1)]);
      await appendOutbox(session, [violation(account, 2)]);
      expect(published(account)).toEqual([]);
    });
    await until(() => published(account).length === 2);
    await elsewhere((session) => appendOutbox(session, [violation(account, 3)]));
    await until(() => published(account).length === 3);
    expect(published(account).map(usedOf)).toEqual([1, 2, 3]);
  }, 60_000);

  it('is woken again after its session was lost, and publishes what came meanwhile', async () => {
    const account = uniqueName('acc');
    await startRelay(NEVER_MS);
    await until(async () => (await idle()) !== 0);
    const first = await idle();
    await elsewhere(async (session) => {
      await appendOutbox(session, [violation(account, 1)]);
      await session.query('select pg_terminate_backend($1)', [first]);
    });
    await until(() => published(account).length === 1);
    await until(async () => ![0, first].includes(await idle()));
    await elsewhere((session) => appendOutbox(session, [violation(account, 2)]));
    await until(() => published(account).length === 2);
    expect(published(account).map(usedOf)).toEqual([1, 2]);
  }, 60_000);

  it('finds by itself what no commit told of', async () => {
    const account = uniqueName('acc');
    await startRelay(50);
    await until(async () => (await idle()) !== 0);
    const session = await idle();
    await elsewhere(async (tx) => {
      await appendOutbox(tx, [violation(account, 1)]);
      await tx.query("update outbox set set_aside = 'not yet' where account_id = $1", [account]);
    });
    await pool.query('update outbox set set_aside = null where account_id = $1', [account]);
    await until(() => published(account).length === 1);
    expect(await idle()).toBe(session);
  }, 60_000);
});
