import { Partitioners, type ICustomPartitioner, type Kafka, type Message, type Producer } from 'kafkajs';
import { frame, schemaType } from '../kafka/schemas.js';
import type { Registry } from '../kafka/registry.js';
import type { Emission } from './platform/emission.js';
import type { InputTopic } from './records.js';
import type { SimulationState } from './state.js';

interface Outgoing extends Message {
  key: string;
  value: Buffer | null;
}

function spoil(body: Buffer, damage: 'cut' | 'not-utf8' | undefined): Buffer {
  if (damage === 'cut') return body.subarray(0, body.length - 3);
  if (damage === undefined) return body;
  const spoilt = Buffer.from(body);
  const at = spoilt.indexOf('é');
  if (at !== -1) spoilt[at] = 0xff;
  return spoilt;
}

/**
 * Publishes what the platform emits, keyed by account, acknowledged by all replicas. Throws when broker or
 * registry cannot be reached; the caller then calls again with the same emissions.
 */
export class Publisher {
  private producer: Producer | null = null;
  private readonly schemaIds = new Map<InputTopic, number>();
  private readonly partitionOf = new Map<string, number>();

  constructor(
    private readonly kafka: Kafka,
    private readonly registry: Registry,
    private readonly state: SimulationState,
  ) {}

  /** Publishes and forgets: takes every emission out of `waiting` once it is acknowledged. */
  async publish(waiting: Emission[]): Promise<void> {
    const producer = await this.connected();
    while (waiting[0]?.topic === 'platform.accounts.v1') {
      await this.publishAccount(producer, waiting[0]);
      waiting.shift();
    }
    const nextAccount = waiting.findIndex(({ topic }) => topic === 'platform.accounts.v1');
    const events = waiting.slice(0, nextAccount === -1 ? undefined : nextAccount);
    await this.publishEvents(producer, events);
    waiting.splice(0, events.length);
    if (waiting.length > 0) await this.publish(waiting);
  }

  /** Leaves a producer that may be in doubt; the next call connects a new one. */
  async disconnect(): Promise<void> {
    const { producer } = this;
    this.producer = null;
    // A broker that is gone cannot say goodbye.
    await producer?.disconnect().catch(() => undefined);
  }

  private async connected(): Promise<Producer> {
    if (this.producer !== null) return this.producer;
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => this.partitioner(),
    });
    await producer.connect();
    this.producer = producer;
    return producer;
  }

  /** Java's partitioner; remembers where keys went, to know which offsets are ours. */
  private partitioner(): ReturnType<ICustomPartitioner> {
    const choose = Partitioners.DefaultPartitioner();
    return (args) => {
      const partition = choose(args);
      this.partitionOf.set(`${args.topic}/${String(args.message.key)}`, partition);
      return partition;
    };
  }

  private async encode(emission: Emission): Promise<Outgoing> {
    if ('bytes' in emission) return { key: emission.key, value: emission.bytes };
    const body = schemaType(emission.topic).toBuffer(emission.value);
    return {
      key: emission.key,
      value: frame(await this.schemaId(emission.topic), spoil(body, emission.damage)),
    };
  }

  private async schemaId(topic: InputTopic): Promise<number> {
    const known = this.schemaIds.get(topic);
    if (known !== undefined) return known;
    const id = await this.registry.idOf(topic);
    if (id === null) throw new Error(`the registry does not know ${topic}-value yet`);
    this.schemaIds.set(topic, id);
    return id;
  }

  private async publishAccount(producer: Producer, emission: Emission): Promise<void> {
    const { topic } = emission;
    const [sent] = await producer.send({ topic, acks: -1, messages: [await this.encode(emission)] });
    if (sent?.baseOffset === undefined) throw new Error('the broker did not say where the record lies');
    const offset = Number(sent.baseOffset);
    const appendedAt = Number(sent.logAppendTime ?? -1);
    this.state.addPublished(topic, sent.partition, offset, 1);
    this.state.journal({
      partition: sent.partition,
      offset,
      arrivedAt: appendedAt >= 0 ? appendedAt : Date.now(),
      key: emission.key,
      value: 'value' in emission && emission.topic === 'platform.accounts.v1' ? emission.value : null,
    });
  }

  private async publishEvents(producer: Producer, emissions: readonly Emission[]): Promise<void> {
    if (emissions.length === 0) return;
    const byTopic = new Map<InputTopic, Outgoing[]>();
    for (const emission of emissions) {
      const messages = byTopic.get(emission.topic) ?? [];
      messages.push(await this.encode(emission));
      byTopic.set(emission.topic, messages);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    const sent = await producer.sendBatch({ acks: -1, topicMessages });
    for (const { topicName, partition, baseOffset } of sent) {
      const ours = topicMessages
        .filter(({ topic }) => topic === topicName)
        .flatMap(({ messages }) => messages)
        .filter(({ key }) => this.partitionOf.get(`${topicName}/${key}`) === partition);
      if (baseOffset !== undefined) {
        this.state.addPublished(topicName, partition, Number(baseOffset), ours.length);
      }
    }
  }
}
