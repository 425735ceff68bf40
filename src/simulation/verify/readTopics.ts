import { randomUUID } from 'node:crypto';
import type { Consumer, IHeaders, Kafka } from 'kafkajs';

export interface RawRecord {
  topic: string;
  partition: number;
  offset: number;
  /** The record's timestamp (epoch ms): its arrival on input topics. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: IHeaders;
}

/** The offset after the last record, by `topic/partition`. */
export type TopicEnds = Map<string, number>;

/** Topics that do not exist are left out. */
export async function readEnds(kafka: Kafka, topics: readonly string[]): Promise<TopicEnds> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const present = new Set(await admin.listTopics());
    const ends: TopicEnds = new Map();
    for (const topic of topics.filter((name) => present.has(name))) {
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
        // What retention has taken cannot be read: an emptied partition counts as read.
        if (high !== low) ends.set(`${topic}/${String(partition)}`, Number(high));
      }
    }
    return ends;
  } finally {
    await admin.disconnect();
  }
}

/** Reads topics from their beginning up to the given ends, with a group of its own that is removed again. */
export async function readTopics(kafka: Kafka, ends: TopicEnds): Promise<RawRecord[]> {
  const topics = [...new Set([...ends.keys()].map((name) => name.slice(0, name.lastIndexOf('/'))))];
  if (topics.length === 0) return [];
  const groupId = `verification-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 250, retry: { retries: 8 } });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics, fromBeginning: true });
    return await collect(consumer, ends);
  } finally {
    await consumer.disconnect();
    await removeGroup(kafka, groupId);
  }
}

async function collect(consumer: Consumer, ends: TopicEnds): Promise<RawRecord[]> {
  const records: RawRecord[] = [];
  const missing = new Set(ends.keys());
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch }) => {
          const name = `${batch.topic}/${String(batch.partition)}`;
          const end = ends.get(name) ?? 0;
          for (const { offset, timestamp, key, value, headers } of batch.messages) {
            if (!missing.has(name) || Number(offset) >= end) continue;
            const place = { topic: batch.topic, partition: batch.partition, offset: Number(offset) };
            records.push({ ...place, timestamp: Number(timestamp), key, value, headers: headers ?? {} });
          }
          if (Number(batch.lastOffset()) >= end - 1) missing.delete(name);
          if (missing.size === 0) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  return records;
}

async function removeGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    // A broker that still sees the member refuses; the empty group then expires by itself.
    await admin.deleteGroups([groupId]).catch(() => undefined);
  } finally {
    await admin.disconnect();
  }
}
