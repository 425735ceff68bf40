import type { Decoder } from '../../../src/simulation/verify/decodeLog.js';
import type { RawRecord } from '../../../src/simulation/verify/readTopics.js';
import { OUTPUT_TOPICS, type OutputTopic } from '../../../src/kafka/topics.js';
import type { Servers } from '../world/servers.js';

const ID_FIELD = /^(violation|notification|overage|measure)Id$/;

/** I5: within an account and topic, what is there for the first time stands in the order of the outbox. */
export async function orderOnTopics(
  servers: Servers,
  records: readonly RawRecord[],
  decoder: Decoder,
): Promise<string[]> {
  const rows = await servers.rows<{ name: string; id: string }>(
    // A measure keeps its id from state to state, its events have ids of their own.
    `select account_id || ' on ' || topic as name,
       coalesce(record->>'measureId', event_id::text) || coalesce('/' || (record->>'status'), '') as id
     from outbox order by outbox.id`,
  );
  const expected = grouped(rows);
  const seen = new Set<string>();
  const found: { name: string; id: string }[] = [];
  const inOrder = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  for (const record of inOrder) {
    if (!(OUTPUT_TOPICS as readonly string[]).includes(record.topic)) continue;
    const value = (await decoder.decode(record.topic as OutputTopic, record.value)) as Record<
      string,
      unknown
    >;
    const field = Object.keys(value).find((key) => ID_FIELD.test(key)) ?? '';
    const status = typeof value['status'] === 'string' ? `/${value['status']}` : '';
    const id = `${String(value[field])}${status}`;
    const name = `${String(value['accountId'])} on ${record.topic}`;
    if (seen.has(`${name} ${id}`)) continue;
    seen.add(`${name} ${id}`);
    found.push({ name, id });
  }
  const published = grouped(found);
  return [...expected].flatMap(([name, ids]) => {
    const there = published.get(name) ?? [];
    const at = ids.findIndex((id, index) => there[index] !== id);
    if (at === -1) return [];
    return [
      `I5: account ${name}: outbox says ${ids[at] ?? '?'} is number ${at}, the topic has ${there[at] ?? 'nothing'}`,
    ];
  });
}

function grouped(rows: readonly { name: string; id: string }[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, id } of rows) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [id]);
    else group.push(id);
  }
  return groups;
}
