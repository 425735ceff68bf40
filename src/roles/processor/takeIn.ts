import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { LogMessage } from '../../kafka/consumer/logMessage.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { UNCOUNTED, UsageReader } from '../../kafka/decode/usageReader.js';
import type { Intake } from './intake.js';

/** Takes what is fetched of a partition into an intake: usage by walking its bytes, the rest by decoding it. */
export class TakeIn {
  private readonly reader = new UsageReader();

  constructor(private readonly decoder: Decoder) {}

  /** The writers' schemas must have been prepared. `shiftMs`: from real time to business time. */
  take(intake: Intake, of: TopicPartition, messages: readonly LogMessage[], shiftMs: number): void {
    const { decoder, reader } = this;
    const { topic, partition } = of;
    const place = { topic, partition };
    const metric = UsageReader.metricOf(topic);
    let [usage, uncounted] = [0, 0];
    for (const message of messages) {
      const arrivedAt = message.time + shiftMs;
      const plan = metric < 0 ? null : decoder.planFor(topic, message);
      if (plan !== null) {
        const row = reader.read(message, plan, metric, arrivedAt, intake.columns);
        if (row >= 0) {
          usage += 1;
          intake.link(reader.accountId, row, place, decoder, message);
          continue;
        }
        if (row === UNCOUNTED) {
          uncounted += 1;
          continue;
        }
      }
      const { key, value } = message;
      intake.take(place, decoder, message, decoder.decode({ topic, key, value, arrivedAt }));
    }
    intake.note(topic, 'usage', usage);
    intake.note(topic, 'uncounted', uncounted);
  }
}
