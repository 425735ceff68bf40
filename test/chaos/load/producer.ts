import type { Kafka, Producer } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from '../../../src/kafka/registry.js';
import { frame, schemaType } from '../../../src/kafka/schemas.js';
import type { InputTopic } from '../../../src/simulation/records.js';
import type { Emission } from './traffic.js';

/** Publishes what the platform emits and does not give up: a batch in doubt is sent again, as platforms do. */
export class PlatformProducer {
  /** Records that the broker acknowledged, and those that may lie there twice. */
  acknowledged = 0;
  inDoubt = 0;
  private producer: Producer | null = null;
  private readonly schemaIds = new Map<InputTopic, number>();

  constructor(
    private readonly kafka: Kafka,
    private readonly registry: Registry,
  ) {}

  async send(emissions: readonly Emission[], signal: AbortSignal): Promise<void> {
    if (emissions.length === 0) return;
    const topics = new Map<InputTopic, { key: string; value: Buffer | null }[]>();
    for (const emission of emissions) {
      const messages = topics.get(emission.topic) ?? [];
      messages.push({ key: emission.key, value: await this.encode(emission) });
      topics.set(emission.topic, messages);
    }
    const topicMessages = [...topics].map(([topic, messages]) => ({ topic, messages }));
    while (!signal.aborted) {
      try {
        this.producer ??= await this.connect();
        await this.producer.sendBatch({ acks: -1, topicMessages });
        this.acknowledged += emissions.length;
        return;
      } catch {
        this.inDoubt += emissions.length;
        await this.stop();
        await sleep(200);
      }
    }
  }

  async stop(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    await producer?.disconnect().catch(() => undefined);
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 5 } });
    await producer.connect();
    return producer;
  }

  private async encode(emission: Emission): Promise<Buffer | null> {
    if ('bytes' in emission) return emission.bytes;
    const { topic } = emission;
    let id = this.schemaIds.get(topic) ?? (await this.registry.idOf(topic).catch(() => null));
    while (id === null) {
      await sleep(200);
      id = await this.registry.idOf(topic).catch(() => null);
    }
    this.schemaIds.set(topic, id);
    return frame(id, schemaType(topic).toBuffer(emission.record.value));
  }
}
