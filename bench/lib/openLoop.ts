import { CompressionTypes, Partitioners, type Kafka } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, schemaType } from '../../src/kafka/schemas.js';
import type { InputTopic } from '../../src/kafka/topics.js';

const TICK_MS = 5;

/**
 * Publishes records at a rate that does not heed how fast anything follows, each stamped with the time at which it was
 * due (epoch ms). Returns by how much the latest was late, ms.
 */
export async function publishAtRate(
  kafka: Kafka,
  topic: InputTopic,
  { schemaId, perSecond }: { readonly schemaId: number; readonly perSecond: number },
  records: Iterable<{ readonly accountId: string }>,
): Promise<number> {
  const type = schemaType(topic);
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 5,
  });
  await producer.connect();
  const sending = new Set<Promise<unknown>>();
  const began = Date.now();
  let sent = 0;
  let late = 0;
  let due: { key: string; value: Buffer; timestamp: string }[] = [];
  const dueAt = (): number => began + Math.floor((sent * 1_000) / perSecond);
  const flush = (): void => {
    if (due.length === 0) return;
    const sends = producer.send({ topic, acks: -1, compression: CompressionTypes.None, messages: due });
    sending.add(sends);
    void sends.finally(() => sending.delete(sends));
    due = [];
  };
  for (const record of records) {
    while (dueAt() > Date.now()) {
      flush();
      await sleep(TICK_MS);
    }
    late = Math.max(late, Date.now() - dueAt());
    const value = frame(schemaId, type.toBuffer(record));
    due.push({ key: record.accountId, value, timestamp: String(dueAt()) });
    sent += 1;
  }
  flush();
  await Promise.all(sending);
  await producer.disconnect();
  return late;
}
