import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { schemaType } from '../../src/kafka/schemas.js';
import type { InputTopic } from '../../src/kafka/topics.js';

const HEAD_BYTES = 5;

/** Reads a topic from its beginning to its present end, each partition in its order; returns the number of records. */
export async function readTopic(
  kafka: Kafka,
  topic: InputTopic,
  take: (value: unknown, timestamp: number) => void,
): Promise<number> {
  const type = schemaType(topic);
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  const left = new Set(ends.filter(({ high }) => Number(high) > 0).map(({ partition }) => partition));
  const highs = new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
  const groupId = `bench-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 4 * 1024 * 1024 });
  let records = 0;
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      reject(payload.error);
    });
    if (left.size === 0) resolve();
    void consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        for (const { value, timestamp } of batch.messages) {
          records += 1;
          if (value !== null) take(type.fromBuffer(value.subarray(HEAD_BYTES)), Number(timestamp));
        }
        if (Number(batch.lastOffset()) + 1 >= (highs.get(batch.partition) ?? 0)) left.delete(batch.partition);
        if (left.size === 0) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  await admin.deleteGroups([groupId]).catch(() => undefined);
  await admin.disconnect();
  return records;
}
