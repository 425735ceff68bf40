import type { Admin } from 'kafkajs';
import type { TopicPartition } from './inputConsumer.js';

/** What the broker still has of a partition: [low, high). */
export interface LogBounds extends TopicPartition {
  readonly low: number;
  readonly high: number;
}

export async function logBounds(admin: Admin, partitions: readonly TopicPartition[]): Promise<LogBounds[]> {
  const bounds: LogBounds[] = [];
  for (const topic of new Set(partitions.map((p) => p.topic))) {
    const wanted = new Set(partitions.filter((p) => p.topic === topic).map((p) => p.partition));
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (wanted.has(partition)) bounds.push({ topic, partition, low: Number(low), high: Number(high) });
    }
  }
  return bounds;
}
