import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Producer } from 'kafkajs';
import { loadProgress } from '../../../src/postgres/counting/offsets.js';
import { inputRead } from '../../../src/roles/scheduler/inputRead.js';
import { StallWatch } from '../../../src/roles/watch/stallWatch.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { until } from '../../support/until.js';
import { Platform } from './platform.js';

const CHATS = 'platform.chats.v1';
const NOW = Date.UTC(2030, 0, 1);
const clock = { now: () => NOW, shiftMs: 0 };

/** A producer of the platform that writes in transactions may end the log in one that it aborted. */
describe('a log that ends in an aborted transaction', () => {
  let platform: Platform;
  let producer: Producer;
  let ids = 0;
  beforeAll(async () => {
    platform = await Platform.start();
    producer = platform.kafka.producer({
      transactionalId: 'platform',
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    await platform.account('a1');
  }, 90_000);
  afterAll(async () => {
    await producer.disconnect();
    await platform.stop();
  }, 60_000);

  /** Chats of one transaction, on partition 0. */
  async function send(count: number, end: 'commit' | 'abort'): Promise<void> {
    const messages = [];
    for (let n = 0; n < count; n += 1) {
      ids += 1;
      const value = await platform.encode(CHATS, { ...chat, eventId: `t${ids}`, chatId: `t${ids}` });
      messages.push({ key: 'a1', value, partition: 0 });
    }
    const transaction = await producer.transaction();
    await transaction.send({ topic: CHATS, messages });
    await (end === 'commit' ? transaction.commit() : transaction.abort());
  }

  const used = async (): Promise<number | undefined> => (await platform.used())['a1'];
  const chatsReadUpTo = async (): Promise<number | undefined> => {
    const options = { pool: platform.pool, clock, log: createLog('silent'), kafka: platform.kafka };
    return (await inputRead(options, new AbortController().signal))?.get('chats');
  };
  const isRead = async (): Promise<boolean> => (await chatsReadUpTo()) === NOW - 20_000;
  const next = async (): Promise<number | undefined> =>
    (await loadProgress(platform.pool)).find((p) => p.topic === CHATS && p.partition === 0)?.nextOffset;

  async function lag(): Promise<string[]> {
    const metrics = createMetrics();
    const watch = new StallWatch({
      ...{ pool: platform.pool, kafka: platform.kafka, clock, metrics, log: createLog('silent') },
    });
    watch.start();
    const lines = async (): Promise<string[]> =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith('fair_use_input_lag_records{'));
    await until(async () => (await lines()).length > 0).finally(() => watch.stop());
    return (await lines()).filter((line) => !line.endsWith(' 0'));
  }

  it('is read to its end: nothing lags, and what waits for the input goes on', async () => {
    await platform.processor();
    await send(5, 'commit');
    await until(async () => (await used()) === 5);
    const counted = await next();
    await send(3, 'abort');
    await until(isRead);
    expect(await lag()).toEqual([]);
    // Its records do not count, and the position does not pass them before something that does.
    expect([await used(), await next()]).toEqual([5, counted]);
  }, 120_000);

  it('counts what comes after it, and what came while nobody read', async () => {
    await send(4, 'commit');
    await until(async () => (await used()) === 9);
    await platform.stopAll();
    await send(2, 'abort');
    await send(6, 'commit');
    await send(2, 'abort');
    await send(2, 'abort');
    await platform.processor();
    await until(isRead);
    expect(await used()).toBe(15);
    expect(await lag()).toEqual([]);
  }, 120_000);

  it('is read to its end by whoever takes the partition over, and by one that begins with nothing', async () => {
    await platform.stopAll();
    await platform.pool.query('update input_offsets set nothing_until = null');
    await platform.processor();
    await until(isRead);
    await platform.forget();
    await platform.processor();
    await until(isRead);
    expect(await used()).toBe(15);
    expect(platform.fatal).toEqual([]);
  }, 120_000);

  it('counts the transaction that was open, when it is committed after all', async () => {
    const open = await producer.transaction();
    const value = await platform.encode(CHATS, { ...chat, eventId: 'open', chatId: 'open' });
    await open.send({ topic: CHATS, messages: [{ key: 'a1', value, partition: 0 }] });
    const before = await next();
    await platform.chats('a1', 1);
    await until(async () => (await used()) === 16);
    expect(await next()).toBe(before);
    await open.commit();
    await until(async () => (await used()) === 17);
  }, 120_000);
});

const chat = {
  accountId: 'a1',
  workspaceId: 'w1',
  botId: 'b1',
  type: 'STARTED',
  channel: null,
  occurredAt: Date.now(),
};
