import { describe, expect, it } from '@jest/globals';
import { CompressionTypes, type Message, type RecordMetadata } from 'kafkajs';
import { createKafka } from '../../../src/kafka/client.js';
import { fetchedRecords, readOurselves } from '../../../src/kafka/consumer/fetchResponse.js';
import { createLog } from '../../../src/support/log.js';
import { testStack, uniqueName } from '../../support/stack.js';
import { until } from '../../support/until.js';

const [ours, theirs] = [uniqueName('fetch'), uniqueName('fetch-by-the-client')];
const PARTITIONS = [0, 1, 2, 3];
readOurselves(new Set([ours]));

const kafka = createKafka(
  { brokers: [testStack().kafkaBrokers], ssl: false, sasl: null },
  'fetch-test',
  createLog('silent'),
);

interface Found {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
}

/** Reads both topics with one consumer until it has so many records. */
async function consumed(count: number): Promise<Found[]> {
  const found: Found[] = [];
  const consumer = kafka.consumer({ groupId: uniqueName('fetch'), maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [ours, theirs], fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch: { topic, partition, messages } }) => {
      if (topic === theirs) {
        for (const { offset, key, value } of messages)
          found.push({
            topic,
            partition,
            offset: Number(offset),
            key: key?.toString(),
            value: value?.toString(),
          });
      } else {
        expect(() => messages.map(({ value }) => value)).toThrow('read by `fetchedRecords`');
        const records = fetchedRecords(messages);
        for (let n = 0; n < records.count; n += 1) {
          const { offset, key, value } = records.at(n);
          found.push({ topic, partition, offset, key: key?.toString(), value: value?.toString() });
        }
      }
      return Promise.resolve();
    },
  });
  try {
    await until(() => found.length >= count);
  } finally {
    await consumer.disconnect();
  }
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

async function send(
  messages: Message[],
  compression: CompressionTypes,
  end: 'commit' | 'abort',
): Promise<RecordMetadata[]> {
  const transactionalId = uniqueName('fetch-producer');
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId });
  await producer.connect();
  const transaction = await producer.transaction();
  const everywhere = messages.flatMap((message) =>
    PARTITIONS.map((partition) => ({ ...message, partition })),
  );
  const topicMessages = [ours, theirs].map((topic) => ({ topic, messages: everywhere }));
  const sent = await transaction.sendBatch({ topicMessages, compression });
  await (end === 'commit' ? transaction.commit() : transaction.abort());
  await producer.disconnect();
  return sent;
}

describe('what a real broker answers to a fetch', () => {
  it('is read by ourselves as the client reads it: compressed, empty, of aborted transactions', async () => {
    const admin = kafka.admin();
    await admin.connect();
    // Several partitions: the client names a topic more than once in a fetch then.
    const topics = [ours, theirs].map((topic) => ({ topic, numPartitions: PARTITIONS.length }));
    await admin.createTopics({ topics, waitForLeaders: true });
    await admin.disconnect();
    await send([{ key: 'k', value: 'one' }], CompressionTypes.None, 'commit');
    await send([{ key: 'k', value: 'aborted' }], CompressionTypes.None, 'abort');
    await send([{ key: null, value: null }, { value: 'zipped' }], CompressionTypes.GZIP, 'commit');
    const last = { key: 'k', value: 'last', headers: { one: '1', many: ['a', 'b'] } };
    await send([last], CompressionTypes.None, 'commit');
    const found = await consumed(8 * PARTITIONS.length);
    const of = (topic: string): Omit<Found, 'topic'>[] =>
      found
        .filter((one) => one.topic === topic)
        .map(({ partition, offset, key, value }) => ({ partition, offset, key, value }));
    expect(of(ours).map(({ value }) => value)).toEqual(
      PARTITIONS.flatMap(() => ['one', undefined, 'zipped', 'last']),
    );
    expect(of(ours)).toEqual(of(theirs));
  }, 60_000);
});
