import { keyOf } from '../../support/partitionKey.js';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { StoredRecord } from './fetchedRecords.js';
import { fetchedRecords } from './fetchResponse.js';
import type { TopicPartition } from './inputConsumer.js';
import './inputReading.js';

/** A place in the log. */
export interface LogPlace extends TopicPartition {
  readonly offset: number;
}

/**
 * Of each partition the first record at the given offset or after it, by `topic/partition`. Where there is none within
 * the time (a log that ends in control records), it is missing in the answer. At most one place a partition.
 */
export async function readRecords(
  kafka: Kafka,
  places: readonly LogPlace[],
  withinMs: number,
): Promise<Map<string, StoredRecord>> {
  const found = new Map<string, StoredRecord>();
  if (places.length === 0) return found;
  const wanted = new Map(places.map((place) => [keyOf(place), place]));
  const groupId = `fair-use-input-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  const done = new AbortController();
  try {
    await consumer.connect();
    await consumer.subscribe({
      topics: [...new Set(places.map(({ topic }) => topic))],
      fromBeginning: false,
    });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: ({ batch }) => {
        const place = wanted.get(keyOf(batch));
        const records = fetchedRecords(batch.messages);
        const first = records.firstFrom(place?.offset ?? Infinity);
        if (first < records.count && !found.has(keyOf(batch))) found.set(keyOf(batch), records.at(first));
        consumer.pause([{ topic: batch.topic, partitions: [batch.partition] }]);
        if (found.size === wanted.size) done.abort();
        return Promise.resolve();
      },
    });
    for (const { topic, partition, offset } of places) {
      consumer.seek({ topic, partition, offset: String(offset) });
    }
    await sleep(withinMs, undefined, { signal: done.signal }).catch(() => undefined);
  } finally {
    await consumer.disconnect();
    await forgetGroup(kafka, groupId);
  }
  return found;
}

async function forgetGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // The broker forgets an empty group by itself after a while.
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
