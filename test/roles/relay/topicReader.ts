import { randomUUID } from 'node:crypto';
import type { Consumer, Kafka, KafkaMessage } from 'kafkajs';

/** Reads topics from their beginning on, in the background. */
export class TopicReader {
  private readonly read = new Map<string, KafkaMessage[]>();

  private constructor(private readonly consumer: Consumer) {}

  static async open(kafka: Kafka, topics: readonly string[]): Promise<TopicReader> {
    const consumer = kafka.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 50 });
    const reader = new TopicReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ topic, message }) => {
        reader.messages(topic).push(message);
        return Promise.resolve();
      },
    });
    return reader;
  }

  /** What was read of a topic so far; an account's records in their order. */
  messages(topic: string): KafkaMessage[] {
    let messages = this.read.get(topic);
    if (messages === undefined) this.read.set(topic, (messages = []));
    return messages;
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
  }
}
