import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Consumer, Kafka } from 'kafkajs';
import { createKafka } from '../../../src/kafka/client.js';
import '../../../src/kafka/consumer/inputReading.js';
import { createMissingTopics } from '../../../src/kafka/createTopics.js';
import { createLog } from '../../../src/support/log.js';
import type { Stack } from '../../../src/stack/index.js';
import { ownStack } from '../../support/stack.js';
import { until } from '../../support/until.js';

const [FIRST, SECOND, THIRD] = ['platform.chats.v1', 'platform.sessions.v1', 'platform.tickets.v1'] as const;
const TOPICS = [FIRST, SECOND, THIRD];
/** Longer than a test may take: whoever waits for a fetch to end fails. */
const FOR_EVER_MS = 60_000;
const SOME_WHILE_MS = 1_000;

let stack: Stack;
let kafka: Kafka;

beforeAll(async () => {
  stack = await ownStack(['kafka']);
  const connection = { brokers: [stack.addresses.kafkaBrokers], ssl: false, sasl: null };
  kafka = createKafka(connection, 'brief-waits-test', createLog('silent'));
  await createMissingTopics(kafka, { partitions: 1, replication: 1 });
  const producer = kafka.producer();
  await producer.connect();
  for (const topic of TOPICS) await producer.send({ topic, messages: [{ value: 'one' }] });
  await producer.disconnect();
}, 120_000);

afterAll(async () => {
  await stack.stop();
}, 60_000);

interface Reading {
  readonly consumer: Consumer;
  /** The topics of what was read. */
  readonly read: string[];
  /** How long each fetch that has ended took, ms. */
  readonly fetches: number[];
}

/** A consumer whose partitions are all paused as soon as it has them. */
async function paused(groupId: string, maxWaitTimeInMs: number): Promise<Reading> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs });
  const reading: Reading = { consumer, read: [], fetches: [] };
  consumer.on(consumer.events.GROUP_JOIN, () => {
    consumer.pause(TOPICS.map((topic) => ({ topic })));
  });
  consumer.on(consumer.events.FETCH, ({ payload }) => {
    reading.fetches.push(payload.duration);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: TOPICS, fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch }) => {
      reading.read.push(batch.topic);
      return Promise.resolve();
    },
  });
  return reading;
}

describe('partitions that are resumed', () => {
  it('are read at once, whatever was waited for meanwhile', async () => {
    const { consumer, read, fetches } = await paused('read-at-once', FOR_EVER_MS);
    try {
      // The third stays paused.
      await until(() => fetches.length >= 3);
      expect(read).toEqual([]);
      consumer.resume([{ topic: FIRST }]);
      await until(() => read.length === 1);
      // What may be read has an end, where a fetch would wait for more.
      const before = fetches.length;
      await until(() => fetches.length >= before + 3);
      expect(read).toEqual([FIRST]);
      consumer.resume([{ topic: SECOND }]);
      await until(() => read.length === 2);
      expect(read).toEqual([FIRST, SECOND]);
    } finally {
      await consumer.disconnect();
    }
  });

  it('are waited for as long as fetches may take once none is paused', async () => {
    const { consumer, read, fetches } = await paused('waits-again', SOME_WHILE_MS);
    try {
      await until(() => fetches.length >= 3);
      consumer.resume(TOPICS.map((topic) => ({ topic })));
      await until(() => read.length === TOPICS.length);
      await until(() => fetches.some((duration) => duration >= SOME_WHILE_MS / 2));
    } finally {
      await consumer.disconnect();
    }
  });
});
