import { describe, expect, it } from '@jest/globals';
import { CompressionTypes, type KafkaMessage } from 'kafkajs';
import { createKafka } from '../../../src/kafka/client.js';
import { LogMessage } from '../../../src/kafka/consumer/logMessage.js';
import { createLog } from '../../../src/support/log.js';
import { testStack, uniqueName } from '../../support/stack.js';
import { until } from '../../support/until.js';

const kafka = createKafka(
  { brokers: [testStack().kafkaBrokers], ssl: false, sasl: null },
  'fetch-test',
  createLog('silent'),
);

async function consumed(topic: string, count: number): Promise<KafkaMessage[]> {
  const found: KafkaMessage[] = [];
  const consumer = kafka.consumer({ groupId: uniqueName('fetch'), maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      found.push(message);
      return Promise.resolve();
    },
  });
  try {
    await until(() => found.length >= count);
  } finally {
    await consumer.disconnect();
  }
  return found;
}

async function createTopic(topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
}

describe('what a real broker answers to a fetch', () => {
  it('is read by ourselves, and by the client where it is compressed', async () => {
    const [plain, zipped] = [uniqueName('fetch'), uniqueName('fetch-zipped')];
    await createTopic(plain);
    await createTopic(zipped);
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    const first = { key: 'k', value: 'one', headers: { one: '1', many: ['a', 'b'] } };
    for (const [topic, compression] of [
      [plain, CompressionTypes.None],
      [zipped, CompressionTypes.GZIP],
    ] as const) {
      await producer.send({ topic, compression, messages: [first, { key: null, value: null }] });
    }
    await producer.disconnect();
    const [ours, theirs] = [await consumed(plain, 2), await consumed(zipped, 2)];
    expect(ours.every((message) => message instanceof LogMessage)).toBe(true);
    expect(theirs.some((message) => message instanceof LogMessage)).toBe(false);
    const known = ({ offset, key, value, headers }: KafkaMessage): unknown[] => [
      offset,
      key?.toString(),
      value?.toString(),
      ...Object.entries(headers ?? {}).map(([name, one]) => `${name}=${String(one)}`),
    ];
    expect(ours.map(known)).toEqual([
      ['0', 'k', 'one', 'one=1', 'many=a,b'],
      ['1', undefined, undefined],
    ]);
    expect(theirs.map(known)).toEqual(ours.map(known));
  });

  it('leaves out what an aborted transaction wrote', async () => {
    const topic = uniqueName('fetch-aborted');
    await createTopic(topic);
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: topic });
    await producer.connect();
    for (const end of ['abort', 'commit'] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: 'k', value: end }] });
      await transaction[end]();
    }
    await producer.disconnect();
    const messages = await consumed(topic, 1);
    expect(messages.map(({ value }) => value?.toString())).toEqual(['commit']);
  });
});
