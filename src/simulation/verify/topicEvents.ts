import type { OUTPUT_TOPICS } from '../../kafka/topics.js';
import type { Decoder } from './decodeLog.js';
import type { RawRecord } from './readTopics.js';

export type OutputTopic = (typeof OUTPUT_TOPICS)[number];
export type Fields = Record<string, unknown>;

export const ID_FIELDS = {
  'fair-use.violations.v1': 'violationId',
  'fair-use.notifications.v1': 'notificationId',
  'fair-use.overages.v1': 'overageId',
  'fair-use.measures.v1': 'measureId',
} as const;

export interface Published {
  id: string;
  record: Fields;
}

/** The distinct events of a topic in order; what is published again must be the same record. */
export async function eventsOn(
  topic: OutputTopic,
  records: readonly RawRecord[],
  decoder: Decoder,
): Promise<{ events: Published[]; differences: string[] }> {
  const events = new Map<string, Published & { written: string }>();
  const found: string[] = [];
  for (const { partition, offset, value: bytes } of records.filter((one) => one.topic === topic)) {
    const at = `${topic}/${String(partition)}@${String(offset)}`;
    const decoded = await decoder.decode(topic, bytes);
    if (typeof decoded !== 'object' || decoded === null) {
      found.push(`${at}: ${String(decoded)}`);
      continue;
    }
    const record = decoded as Fields;
    const id = String(record[ID_FIELDS[topic]]);
    // A measure has an event for each of its states.
    const name = topic === 'fair-use.measures.v1' ? `${id} ${String(record['status'])}` : id;
    const written = JSON.stringify(record);
    const first = events.get(name);
    if (first === undefined) events.set(name, { id, record, written });
    else if (first.written !== written) found.push(`${at}: ${name} again, but not the same record`);
  }
  return { events: [...events.values()], differences: found };
}
