import type { Truth } from '../truth/types.js';
import { compareContents, type Topic } from './compareContents.js';
import type { Decoder } from './decodeLog.js';
import { differences } from './differences.js';
import type { RawRecord } from './readTopics.js';
import { eventsOn, ID_FIELDS, type OutputTopic, type Published } from './topicEvents.js';
import type { Views } from './views.js';

function deadLetterOf({ headers }: RawRecord): string {
  const header = (name: string): string => {
    const found = headers[name];
    return Buffer.isBuffer(found) ? found.toString() : String(found);
  };
  return `${header('dlq-topic')}/${header('dlq-partition')}@${header('dlq-offset')} ${header('dlq-reason')}`;
}

const named = (ids: Iterable<string>) => [...ids].map((about) => ({ about, says: {} }));
const idsOf = (events: readonly Published[]) => named(new Set(events.map(({ id }) => id)));

/** What the views say was decided lies on the output topics, as the truth has it, and nothing else does. */
export async function compareTopics(
  records: readonly RawRecord[],
  truth: Truth,
  views: Views,
  decoder: Decoder,
): Promise<{ published: Record<string, number>; differences: string[] }> {
  const [violations, notifications, overages, measures] = await Promise.all(
    Object.keys(ID_FIELDS).map((topic) => eventsOn(topic as OutputTopic, records, decoder)),
  );
  const on = { violations, notifications, overages, measures };
  const events = (topic: Topic): Published[] => on[topic]?.events ?? [];
  const letters = new Set(
    records.filter(({ topic }) => topic === 'fair-use.dead-letters.v1').map(deadLetterOf),
  );
  const notices = new Set(events('notifications').map(({ id }) => id));
  // Suppressed at once: never published. Suppressed at the first attempt: published before.
  const expected = views.notifications.filter(({ id, status }) => status !== 'SUPPRESSED' || notices.has(id));
  const lettersSeen = views.deadLetters.map(
    ({ topic, partition, offset, reason }) => `${topic}/${String(partition)}@${String(offset)} ${reason}`,
  );
  const ids = (rows: readonly { id: string }[]) => named(rows.map(({ id }) => id));
  return {
    published: {
      ...Object.fromEntries(
        Object.keys(on).map((topic) => [`${topic} published`, events(topic as Topic).length]),
      ),
      'dead letters published': letters.size,
    },
    differences: [
      ...Object.values(on).flatMap((topic) => topic?.differences ?? []),
      ...differences('violations topic', ids(views.violations), idsOf(events('violations'))),
      ...differences('notifications topic', ids(expected), idsOf(events('notifications'))),
      ...differences('overages topic', ids(views.overages), idsOf(events('overages'))),
      ...differences('measures topic', ids(views.measures), idsOf(events('measures'))),
      ...differences('dead-letters topic', named(lettersSeen), named(letters)),
      ...compareContents(truth, events),
    ],
  };
}
