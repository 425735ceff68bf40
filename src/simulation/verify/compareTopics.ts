import { OUTPUT_TOPICS } from '../../kafka/topics.js';
import type { Decoder } from './decodeLog.js';
import { differences } from './differences.js';
import type { RawRecord } from './readTopics.js';
import type { Views } from './views.js';

const ID_FIELDS = {
  'fair-use.violations.v1': 'violationId',
  'fair-use.notifications.v1': 'notificationId',
  'fair-use.overages.v1': 'overageId',
  'fair-use.measures.v1': 'measureId',
} as const;

/** The distinct ids on each Avro topic: a repeat is the same record published again. */
async function idsOn(records: readonly RawRecord[], decoder: Decoder): Promise<Map<string, Set<string>>> {
  const ids = new Map<string, Set<string>>(OUTPUT_TOPICS.map((topic) => [topic, new Set()]));
  for (const topic of OUTPUT_TOPICS) {
    for (const record of records.filter((candidate) => candidate.topic === topic)) {
      const value = await decoder.decode(topic, record.value);
      const at = `${topic}/${String(record.partition)}@${String(record.offset)}`;
      const id = typeof value === 'object' ? (value as Record<string, unknown>)[ID_FIELDS[topic]] : null;
      ids.get(topic)?.add(typeof id === 'string' ? id : `unreadable record ${at}`);
    }
  }
  return ids;
}

function deadLetterOf({ headers }: RawRecord): string {
  const header = (name: string): string => {
    const value = headers[name];
    return Buffer.isBuffer(value) ? value.toString() : String(value);
  };
  return `${header('dlq-topic')}/${header('dlq-partition')}@${header('dlq-offset')} ${header('dlq-reason')}`;
}

const named = (ids: Iterable<string>) => [...ids].map((about) => ({ about, says: {} }));

/** What the views say was decided lies on the output topics, and nothing else does. */
export async function compareTopics(
  records: readonly RawRecord[],
  views: Views,
  decoder: Decoder,
): Promise<{ published: Record<string, number>; differences: string[] }> {
  const ids = await idsOn(records, decoder);
  const on = (topic: keyof typeof ID_FIELDS): Set<string> => ids.get(topic) ?? new Set();
  const letters = new Set(
    records.filter(({ topic }) => topic === 'fair-use.dead-letters.v1').map(deadLetterOf),
  );
  const notices = on('fair-use.notifications.v1');
  // Suppressed at once: never published. Suppressed at the first attempt: published before.
  const expected = views.notifications.filter(({ id, status }) => status !== 'SUPPRESSED' || notices.has(id));
  const published = Object.fromEntries([...ids].map(([topic, found]) => [topic, found.size]));
  return {
    published: { ...published, 'fair-use.dead-letters.v1': letters.size },
    differences: [
      ...differences(
        'violations topic',
        named(views.violations.map(({ id }) => id)),
        named(on('fair-use.violations.v1')),
      ),
      ...differences('notifications topic', named(expected.map(({ id }) => id)), named(notices)),
      ...differences(
        'overages topic',
        named(views.overages.map(({ id }) => id)),
        named(on('fair-use.overages.v1')),
      ),
      ...differences(
        'dead-letters topic',
        named(
          views.deadLetters.map(
            ({ topic, partition, offset, reason }) =>
              `${topic}/${String(partition)}@${String(offset)} ${reason}`,
          ),
        ),
        named(letters),
      ),
    ],
  };
}
