import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka } from 'kafkajs';
import { schemaType } from '../../src/kafka/schemas.js';
import type { OutputTopic } from '../../src/kafka/topics.js';

const HEAD_BYTES = 5;
const WAIT_MS = 100;

/** A record of an output topic, and when it could be read. */
export interface Arrival {
  readonly at: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A read_committed consumer that notes when each record of a topic arrives. */
export class Probe {
  readonly arrivals: Arrival[] = [];

  private constructor(private readonly consumer: Consumer) {}

  /** Resolves when it reads; the topic must be there. */
  static async start(kafka: Kafka, topic: OutputTopic): Promise<Probe> {
    const type = schemaType(topic);
    const consumer = kafka.consumer({
      groupId: `bench-probe-${randomUUID()}`,
      readUncommitted: false,
      maxWaitTimeInMs: WAIT_MS,
    });
    const probe = new Probe(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, () => {
        resolve();
      });
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const at = Date.now();
        for (const { value } of batch.messages) {
          if (value === null) continue;
          const record = type.fromBuffer(value.subarray(HEAD_BYTES)) as Arrival['value'];
          probe.arrivals.push({ at, value: record });
        }
        return Promise.resolve();
      },
    });
    await joined;
    return probe;
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
  }
}
