import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Consumer, Kafka } from 'kafkajs';
import { createKafka } from '../../../src/kafka/client.js';
import { waitBrieflyWhilePaused } from '../../../src/kafka/consumer/briefWaits.js';
import { createMissingTopics } from '../../../src/kafka/createTopics.js';
import { createLog } from '../../../src/support/log.js';
import type { Stack } from '../../../src/stack/index.js';
import { ownStack } from '../../support/stack.js';
import { until } from '../../support/until.js';

const [FIRST, SECOND, NEVER] = ['platform.chats.v1', 'platform.sessions.v1', 'platform.tickets.v1'] as const;
const TOPICS = [FIRST, SECOND, NEVER];
/** Longer than a test may take: whoever waits for a fetch to end fails. */
const MAX_WAIT_MS = 60_000;

let stack: Stack;
let kafka: Kafka;

beforeAll(async () => {
  waitBrieflyWhilePaused();
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

/** A consumer whose partitions are all paused as soon as it has them; tells of what it reads and of fetches that ended. */
async function paused(
  groupId: string,
): Promise<{ consumer: Consumer; read: string[]; fetches: () => number }> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: MAX_WAIT_MS });
  const read: string[] = [];
  let fetches = 0;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    consumer.pause(TOPICS.map((topic) => ({ topic })));
  });
  consumer.on(consumer.events.FETCH, () => {
    fetches += 1;
  });
  await consumer.connect();
  await consumer.subscribe({ topics: TOPICS, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ topic }) => {
      read.push(topic);
      return Promise.resolve();
    },
  });
  return { consumer, read, fetches: () => fetches };
}

describe('partitions that are resumed', () => {
  it('are read at once, whatever was waited for meanwhile', async () => {
    const { consumer, read, fetches } = await paused('brief-waits');
    try {
      // Nothing may be read yet.
      await until(() => fetches() >= 3);
      expect(read).toEqual([]);
      consumer.resume([{ topic: FIRST }]);
      await until(() => read.length === 1);
      // What may be read has an end, where a fetch would wait for more.
      const before = fetches();
      await until(() => fetches() >= before + 3);
      expect(read).toEqual([FIRST]);
      consumer.resume([{ topic: SECOND }]);
      await until(() => read.length === 2);
      expect(read).toEqual([FIRST, SECOND]);
    } finally {
      await consumer.disconnect();
    }
  });
});
