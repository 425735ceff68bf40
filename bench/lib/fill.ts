import { CompressionTypes, Partitioners, type Kafka, type Message } from 'kafkajs';
import { frame, schemaType } from '../../src/kafka/schemas.js';
import type { InputTopic } from '../../src/kafka/topics.js';

const AT_ONCE = 5_000;

interface Keyed {
  readonly accountId: string;
}

/** Publishes records of one topic, keyed by account, in their order; returns how many. */
export function fill(
  kafka: Kafka,
  topic: InputTopic,
  schemaId: number,
  records: Iterable<Keyed>,
): Promise<number> {
  return fillAll(kafka, new Map([[topic, schemaId]]), inTopic(topic, records));
}

function* inTopic(
  topic: InputTopic,
  records: Iterable<Keyed>,
): Generator<{ topic: InputTopic; record: Keyed }> {
  for (const record of records) yield { topic, record };
}

/** Publishes records of several topics, whose schema ids are given; within a topic they keep their order. */
export async function fillAll(
  kafka: Kafka,
  schemaIds: ReadonlyMap<InputTopic, number>,
  records: Iterable<{ readonly topic: InputTopic; readonly record: Keyed }>,
): Promise<number> {
  const lanes = new Map(
    [...schemaIds].map(([topic, id]) => [topic, { id, type: schemaType(topic), messages: [] as Message[] }]),
  );
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  let sent = 0;
  let waiting = 0;
  const send = async (): Promise<void> => {
    const topicMessages = [...lanes].map(([topic, { messages }]) => ({ topic, messages }));
    await producer.sendBatch({ topicMessages, acks: -1, compression: CompressionTypes.None });
    sent += waiting;
    waiting = 0;
    for (const lane of lanes.values()) lane.messages = [];
  };
  for (const { topic, record } of records) {
    const lane = lanes.get(topic);
    if (lane === undefined) throw new Error(`no schema id of ${topic}`);
    lane.messages.push({ key: record.accountId, value: frame(lane.id, lane.type.toBuffer(record)) });
    waiting += 1;
    if (waiting === AT_ONCE) await send();
  }
  if (waiting > 0) await send();
  await producer.disconnect();
  return sent;
}

/** Accounts of the workload, as the platform would tell of them. */
export interface Snapshots {
  readonly names: readonly string[];
  readonly plan: string | ((n: number) => string);
}

export function* snapshots(
  { names, plan }: Snapshots,
  now: number,
): Generator<{ readonly accountId: string }> {
  for (const [n, accountId] of names.entries()) {
    yield {
      accountId,
      revision: 1,
      updatedAt: now,
      status: 'ACTIVE',
      plan: typeof plan === 'string' ? plan : plan(n),
      isDeal: false,
      customerType: 'COMPANY',
      ownerId: `owner-${accountId}`,
      company: null,
      locale: 'en',
      timeZone: 'UTC',
      billingAnchorDay: null,
      contacts: [
        {
          name: 'Robin Example',
          email: `${accountId}@customer.example`,
          role: 'OWNER',
          locale: null,
          notify: true,
        },
      ],
      workspaces: [],
    } as { readonly accountId: string };
  }
}
