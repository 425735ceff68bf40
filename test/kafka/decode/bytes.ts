import avro from 'avsc';
import { FetchedRecords } from '../../../src/kafka/consumer/fetchedRecords.js';
import type { Registry } from '../../../src/kafka/registry.js';
import { frame, schemaText } from '../../../src/kafka/schemas.js';
import type { InputTopic } from '../../../src/kafka/topics.js';

export const ARRIVED = Date.parse('2026-05-20T10:00:00Z');

type Json = Record<string, unknown>;
const writers = new Map<number, avro.Type>();

/** Stands for the registry: the decoder only asks it for the type of an id. */
export const known: Pick<Registry, 'writerType'> = {
  writerType: (id) => Promise.resolve(writers.get(id) ?? null),
};

/** A writer's schema of a topic, changed as another release of the platform may have it; its id. */
export function writer(topic: InputTopic, change: (schema: Json) => Json = (schema) => schema): number {
  writers.set(writers.size + 1, avro.Type.forSchema(change(JSON.parse(schemaText(topic)) as Json) as never));
  return writers.size;
}

export function encoded(schemaId: number, value: unknown): Buffer {
  const type = writers.get(schemaId);
  if (type === undefined) throw new Error(`no writer ${schemaId}`);
  return frame(schemaId, type.toBuffer(value));
}

/** The same record with the strings of some fields replaced by raw bytes. */
export function withRawBytes(
  topic: InputTopic,
  schemaId: number,
  value: Json,
  raw: Record<string, Buffer>,
): Buffer {
  const asBytes = avro.Type.forSchema(
    JSON.parse(
      JSON.stringify(JSON.parse(schemaText(topic)))
        .replaceAll('"type":"string"', '"type":"bytes"')
        .replaceAll('["null","string"]', '["null","bytes"]'),
    ) as never,
    { wrapUnions: 'never' },
  );
  const bytes = Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      raw[name] ?? (typeof field === 'string' && !ENUMS.has(name) ? Buffer.from(field) : field),
    ]),
  );
  return frame(schemaId, asBytes.toBuffer(bytes));
}
const ENUMS = new Set(['type', 'status', 'customerType']);

export const chat = (change: Json = {}): Json => ({
  eventId: 'e1',
  accountId: 'a1',
  workspaceId: 'w1',
  botId: 'b1',
  chatId: 'c1',
  type: 'STARTED',
  channel: null,
  occurredAt: ARRIVED,
  ...change,
});

export const upload = (change: Json = {}): Json => ({
  eventId: 'e1',
  accountId: 'a1',
  workspaceId: 'w1',
  botId: 'b1',
  uploadId: 'u1',
  fileName: 'f',
  contentType: 't',
  sizeBytes: 5,
  occurredAt: ARRIVED,
  ...change,
});

export const account = (change: Json = {}): Json => ({
  accountId: 'a1',
  revision: 3,
  updatedAt: ARRIVED,
  status: 'ACTIVE',
  plan: 'pro',
  isDeal: false,
  customerType: 'COMPANY',
  ownerId: 'o1',
  company: null,
  locale: 'en',
  timeZone: 'UTC',
  billingAnchorDay: null,
  contacts: [],
  workspaces: [],
  ...change,
});

export const reply = (change: Json = {}): Json => ({
  eventId: 'e1',
  accountId: 'a1',
  notificationId: null,
  channel: 'mail',
  occurredAt: ARRIVED,
  ...change,
});

/** Fetched records without keys, at the offsets from `from` on. */
export function recordsOf(values: readonly Buffer[], from = 0): FetchedRecords {
  const records = new FetchedRecords(Buffer.concat(values), values.length);
  let at = 0;
  values.forEach((value, n) => {
    records.add(from + n, ARRIVED, -1, -1, at, at + value.length);
    at += value.length;
  });
  return records;
}
