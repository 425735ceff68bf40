import type { KafkaMessage } from 'kafkajs';
import type { UsageEvent } from '../../domain/events.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { UNCOUNTED, UsageReader } from '../../kafka/decode/usageReader.js';
import type { LogRecord } from '../../postgres/counting/parked.js';
import type { Intake, Origin } from './intake.js';

/** Messages of one partition, as records of the engine. */
class PartitionOrigin implements Origin {
  private readTimestamp = '';
  private readArrival = 0;

  constructor(
    private readonly decoder: Decoder,
    private readonly of: TopicPartition,
    private readonly shiftMs: number,
  ) {}

  /** Business time of arrival, epoch ms. */
  arrivedAt(timestamp: string): number {
    // Whole runs of records have one, stamped by the broker.
    if (timestamp !== this.readTimestamp) {
      this.readTimestamp = timestamp;
      this.readArrival = Number(timestamp) + this.shiftMs;
    }
    return this.readArrival;
  }

  record({ offset, key, value }: KafkaMessage): LogRecord {
    const { topic, partition } = this.of;
    return { topic, partition, offset: Number(offset), key, value };
  }

  decode({ key, value, timestamp }: KafkaMessage): ReturnType<Decoder['decode']> {
    return this.decoder.decode({ topic: this.of.topic, key, value, arrivedAt: this.arrivedAt(timestamp) });
  }

  event(message: KafkaMessage): UsageEvent {
    const decoded = this.decode(message);
    if (decoded.kind !== 'usage') throw new Error(`a row was walked that is ${decoded.kind}`);
    return decoded.event;
  }
}

/** Takes what is fetched of a partition into an intake: usage by walking its bytes, the rest by decoding it. */
export class TakeIn {
  private readonly reader = new UsageReader();

  constructor(private readonly decoder: Decoder) {}

  /** The writers' schemas must have been prepared. `shiftMs`: from real time to business time. */
  take(intake: Intake, of: TopicPartition, messages: readonly KafkaMessage[], shiftMs: number): void {
    const { decoder, reader } = this;
    const { topic } = of;
    const origin = new PartitionOrigin(decoder, of, shiftMs);
    const metric = UsageReader.metricOf(topic);
    let [usage, uncounted] = [0, 0];
    for (const message of messages) {
      const { value } = message;
      const plan = metric < 0 || value === null ? null : decoder.planFor(topic, value);
      if (plan === null || value === null) {
        intake.take(origin.record(message), origin.decode(message));
        continue;
      }
      const row = reader.read(value, plan, metric, origin.arrivedAt(message.timestamp), intake.columns);
      if (row >= 0) {
        usage += 1;
        intake.link(reader.accountId, row, origin, message);
      } else if (row === UNCOUNTED) uncounted += 1;
      else intake.take(origin.record(message), origin.decode(message));
    }
    intake.note(topic, 'usage', usage);
    intake.note(topic, 'uncounted', uncounted);
  }
}
