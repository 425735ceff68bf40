import kafkajs, { Partitioners, type Kafka, type Producer, type TopicMessages } from 'kafkajs';
import { INPUT_TOPICS, type InputTopic } from '../topics.js';

export interface OutgoingRecord {
  readonly topic: InputTopic;
  readonly key: string;
  readonly value: Buffer | null;
}

const DEFAULT_MAX_BYTES = 1_048_588;
const BATCH_HEADER_BYTES = 61;
const RECORD_OVERHEAD_BYTES = 32;
const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const SEQUENCE_LOST: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

/** Bytes of a record inside a batch, rounded up. */
export function sizeOf({ key, value }: OutgoingRecord): number {
  return Buffer.byteLength(key) + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

/** The broker's own name for what went wrong, from the error or what caused it. */
function protocolType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { type, cause } = error as { type?: unknown; cause?: unknown };
  return typeof type === 'string' ? type : protocolType(cause);
}

/**
 * Sends platform records in order, idempotently. One `send` at a time: after a lost answer kafkajs gives the sequence
 * numbers back, and a second batch in flight would take them and be dropped by the broker as a duplicate.
 */
export class PublishSender {
  private producer: Producer | null = null;

  constructor(private readonly kafka: Kafka) {}

  /** The largest record that each existing input topic takes, in bytes; a topic that is not there is missing. */
  async limits(): Promise<Map<InputTopic, number>> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      const existing = new Set(await admin.listTopics());
      const topics = INPUT_TOPICS.filter((topic) => existing.has(topic));
      if (topics.length === 0) return new Map();
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: topics.map((name) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configNames: ['max.message.bytes'],
        })),
      });
      const limitOf = (topic: string): number => {
        const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries;
        const bytes = Number(entries?.[0]?.configValue ?? DEFAULT_MAX_BYTES);
        return bytes - BATCH_HEADER_BYTES;
      };
      return new Map(topics.map((topic) => [topic, limitOf(topic)]));
    } finally {
      await admin.disconnect();
    }
  }

  /**
   * Sends the records and waits until all replicas have them; returns those that the broker found too large. May be
   * called again with the same records after an error: what the broker already has it drops, or keeps twice after a
   * change of producer, which changes no count.
   */
  async send<R extends OutgoingRecord>(records: readonly R[]): Promise<R[]> {
    if (records.length === 0) return [];
    try {
      this.producer ??= await this.connect();
      await this.producer.sendBatch({ acks: -1, topicMessages: grouped(records) });
      return [];
    } catch (error) {
      const type = protocolType(error);
      const tooLarge = TOO_LARGE.has(type);
      if (!tooLarge && !SEQUENCE_LOST.has(type)) throw error;
      // Some partitions may have taken their part, but kafkajs has set back the sequence numbers of all.
      await this.close();
      if (!tooLarge) return this.send(records);
      if (records.length === 1) return [...records];
      const half = Math.ceil(records.length / 2);
      return [...(await this.send(records.slice(0, half))), ...(await this.send(records.slice(half)))];
    }
  }

  async close(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    await producer?.disconnect();
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect();
      throw error;
    }
  }
}

function grouped(records: readonly OutgoingRecord[]): TopicMessages[] {
  const byTopic = new Map<InputTopic, TopicMessages>();
  for (const { topic, key, value } of records) {
    let group = byTopic.get(topic);
    if (group === undefined) byTopic.set(topic, (group = { topic, messages: [] }));
    group.messages.push({ key, value });
  }
  return [...byTopic.values()];
}
