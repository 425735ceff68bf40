import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type pg from 'pg';
import { createMissingTopics } from '../../../src/kafka/createTopics.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { inputRead } from '../../../src/roles/scheduler/inputRead.js';
import { Scheduler } from '../../../src/roles/scheduler/scheduler.js';
import type { Stack } from '../../../src/stack/index.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { smallPolicy } from '../../support/engineLog.js';
import { freshDatabase, ownStack, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';

const NOW = Date.UTC(2026, 4, 1);
const IDLE = NOW - 20_000;

describe('how far the input was read', () => {
  let stack: Stack;
  let kafka: Kafka;
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    stack = await ownStack(['kafka']);
    kafka = new Kafka({ brokers: [stack.addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    await createMissingTopics(kafka, { partitions: 2, replication: 1 });
    database = await freshDatabase('input_read');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 2, () => undefined);
  }, 120_000);
  afterAll(async () => {
    await pool.end();
    await database.drop();
    await stack.stop();
  }, 60_000);

  const read = (client: Kafka | null, signal = new AbortController().signal) =>
    inputRead(
      { pool, clock: { now: () => NOW, shiftMs: 0 }, log: createLog('silent'), kafka: client },
      signal,
    );
  const counted = (partition: number, next: number, upTo: number) =>
    pool.query(
      `insert into input_offsets (topic, partition, next_offset, read_up_to)
       values ('platform.sessions.v1', $1, $2, $3)
       on conflict (topic, partition) do update set next_offset = $2, read_up_to = $3`,
      [partition, next, new Date(upTo)],
    );

  it('stands at the present for partitions that are empty or read to their end', async () => {
    expect(await read(kafka)).toEqual(
      new Map([
        ['chats', IDLE],
        ['sessions', IDLE],
        ['tickets', IDLE],
        ['upload_bytes', IDLE],
      ]),
    );
    const producer = kafka.producer();
    await producer.connect();
    const messages = [1, 2].map((n) => ({ partition: 1, key: 'a', value: String(n) }));
    await producer.send({ topic: 'platform.sessions.v1', messages });
    await producer.disconnect();
    const sessions = async (client: Kafka | null) => (await read(client))?.get('sessions');
    expect(await sessions(kafka)).toBe(-Infinity);
    await counted(1, 1, NOW - 3_600_000);
    expect(await sessions(kafka)).toBe(NOW - 3_600_000);
    expect(await sessions(null)).toBe(NOW - 3_600_000);
    await counted(1, 2, NOW - 3_500_000);
    expect(await sessions(kafka)).toBe(IDLE);
    expect(await sessions(null)).toBe(NOW - 3_500_000);
    expect((await read(null))?.get('chats')).toBe(-Infinity);
  }, 60_000);

  it('lets schedulers close a window whose partitions are idle, once and not before', async () => {
    const scheduled = async (count: number): Promise<Scheduler[]> => {
      const options = {
        pool,
        policy: smallPolicy(),
        kafka,
        clock: { now: () => NOW, shiftMs: 0 },
        log: createLog('silent'),
        metrics: createMetrics(),
      };
      const schedulers = Array.from({ length: count }, () => new Scheduler(options));
      for (const scheduler of schedulers) await scheduler.start();
      await until(() => schedulers.every((scheduler) => scheduler.problem() === null));
      return schedulers;
    };
    const closed = async () =>
      (
        await pool.query<{ used: string }>(
          "select record->>'used' as used from outbox where record->>'kind' = 'CLOSED'",
        )
      ).rows;
    const [start, end] = [new Date(NOW - 31 * 86_400_000), new Date(NOW - 60_000)];
    await pool.query(
      `insert into windows (account_id, window_start, rule, workspace_id, window_end, used, limit_value, plan,
         policy_version) values ('a', $1, 'sessions-per-month', 'w', $2, 130, 100, 'sandbox', 'v')`,
      [start, end],
    );
    await pool.query(
      `insert into overages (account_id, overage_id, kind, step_percent, rule, workspace_id, window_start, window_end,
         used, limit_value, created_at)
       values ('a', $3, 'STARTED', 100, 'sessions-per-month', 'w', $1, $2, 101, 100, $1)`,
      [start, end, randomUUID()],
    );
    await counted(1, 1, end.getTime() - 1);
    for (const scheduler of await scheduled(1)) await scheduler.stop();
    expect(await closed()).toEqual([]);
    await counted(1, 2, end.getTime() - 1);
    const schedulers = await scheduled(3);
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    expect(await closed()).toEqual([{ used: '130' }]);
  }, 60_000);

  it('lets schedulers judge the averages of the day that is over', async () => {
    const options = {
      pool,
      policy: smallPolicy(),
      kafka,
      clock: { now: () => NOW + 60_000, shiftMs: 0 },
      log: createLog('silent'),
      metrics: createMetrics(),
    };
    await pool.query('truncate long_run_days');
    const schedulers = [1, 2].map(() => new Scheduler(options));
    for (const scheduler of schedulers) await scheduler.start();
    const judged = async () =>
      (await pool.query<{ day: string }>('select day::text from long_run_days where judged_at is not null'))
        .rows;
    await until(async () => (await judged()).length > 0);
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    expect(await judged()).toEqual([{ day: '2026-04-30' }]);
    expect(schedulers.map((scheduler) => scheduler.problem())).toEqual([null, null]);
  }, 60_000);

  it('is not known while no broker answers, and a stop does not wait for one', async () => {
    const away = new Kafka({
      brokers: ['127.0.0.1:1'],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 300, retries: 4 },
    });
    const stopping = new AbortController();
    const answer = read(away, stopping.signal);
    const gaveUp = away
      .admin()
      .connect()
      .catch(() => 'gave up');
    stopping.abort();
    expect(await Promise.race([answer, gaveUp])).toBeNull();
    await gaveUp;
  });
});
