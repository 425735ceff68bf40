import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { createKafka } from '../../../src/kafka/client.js';
import { InputConsumer } from '../../../src/kafka/consumer/inputConsumer.js';
import { createMissingTopics } from '../../../src/kafka/createTopics.js';
import { createLog } from '../../../src/support/log.js';
import type { Stack } from '../../../src/stack/index.js';
import { ownStack } from '../../support/stack.js';
import { until } from '../../support/until.js';

const TOPIC = 'platform.chats.v1';
const GATHER_MS = 25;
const RECORDS = 150;

let stack: Stack;
let kafka: Kafka;

beforeAll(async () => {
  stack = await ownStack(['kafka']);
  const connection = { brokers: [stack.addresses.kafkaBrokers], ssl: false, sasl: null };
  kafka = createKafka(connection, 'gathering-test', createLog('silent'));
  await createMissingTopics(kafka, { partitions: 1, replication: 1 });
}, 120_000);

afterAll(async () => {
  await stack.stop();
}, 60_000);

describe('a consumer that has caught up', () => {
  it('takes what comes in a short while together', async () => {
    let [first, last, batches, next] = [0, 0, 0, 0];
    const consumer: InputConsumer = new InputConsumer(
      kafka,
      {
        onAssigned: (partitions) => {
          for (const partition of partitions) consumer.readFrom(partition, 0);
          consumer.resume(partitions);
        },
        onBatch: (batch) => {
          if (batches === 0) first = consumer.lastFetchAt ?? 0;
          last = performance.now();
          batches += 1;
          next = batch.next;
          return Promise.resolve(true);
        },
        onNothingIn: () => undefined,
        onCrash: () => undefined,
      },
      { groupId: 'gathering', sessionTimeoutMs: 30_000 },
    );
    const producer = kafka.producer();
    await producer.connect();
    try {
      await consumer.start();
      for (let n = 0; n < RECORDS; n += 1)
        await producer.send({ topic: TOPIC, messages: [{ value: 'one' }] });
      await until(() => next === RECORDS);
    } finally {
      await consumer.stop();
      await producer.disconnect();
    }
    // Each but the first has waited, however slow the machine; timers may be early by a millisecond.
    expect(batches - 1).toBeLessThanOrEqual((last - first) / (GATHER_MS - 1));
    expect(batches).toBeGreaterThan(1);
  }, 60_000);
});
