import type { Kafka } from 'kafkajs';
import { INPUT_TOPICS } from '../../../src/kafka/topics.js';
import type { Servers } from '../world/servers.js';

export const GROUP = 'fair-use-processor';

/** The positions of the database, by `topic/partition`. */
export async function nextOffsets(servers: Pick<Servers, 'rows'>): Promise<Map<string, number>> {
  const rows = await servers.rows<{ topic: string; partition: number; next_offset: string }>(
    'select topic, partition, next_offset from reporting.progress',
  );
  return new Map(rows.map((row) => [`${row.topic}/${row.partition}`, Number(row.next_offset)]));
}

/** I3: Kafka's own committed offset is never past what the database has counted. Kafka is asked first. */
export async function committedTooFar(kafka: Kafka, servers: Pick<Servers, 'rows'>): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const committed = await admin.fetchOffsets({ groupId: GROUP, topics: [...INPUT_TOPICS] });
    const next = await nextOffsets(servers);
    return committed.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partition, offset }) => {
        const counted = next.get(`${topic}/${partition}`) ?? 0;
        if (Number(offset) <= counted) return [];
        return [`I3: Kafka's committed offset of ${topic}/${partition} is ${offset}, counted are ${counted}`];
      }),
    );
  } finally {
    await admin.disconnect();
  }
}
