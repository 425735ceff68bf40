import { CompressionTypes, Partitioners, type Kafka, type Message } from 'kafkajs';
import { frame, schemaType } from '../../src/kafka/schemas.js';
import type { InputTopic } from '../../src/kafka/topics.js';

const AT_ONCE = 5_000;

/** Publishes records of one topic, keyed by account, in their order; returns how many. */
export async function fill(
  kafka: Kafka,
  topic: InputTopic,
  schemaId: number,
  records: Iterable<{ readonly accountId: string }>,
): Promise<number> {
  const type = schemaType(topic);
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  let sent = 0;
  let messages: Message[] = [];
  const send = async (): Promise<void> => {
    await producer.send({ topic, acks: -1, compression: CompressionTypes.None, messages });
    sent += messages.length;
    messages = [];
  };
  for (const record of records) {
    messages.push({ key: record.accountId, value: frame(schemaId, type.toBuffer(record)) });
    if (messages.length === AT_ONCE) await send();
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
  return sent;
}

/** Accounts of the workload, as the platform would tell of them. */
export interface Snapshots {
  readonly names: readonly string[];
  readonly plan: string;
}

export function* snapshots(
  { names, plan }: Snapshots,
  now: number,
): Generator<{ readonly accountId: string }> {
  for (const accountId of names) {
    yield {
      accountId,
      revision: 1,
      updatedAt: now,
      status: 'ACTIVE',
      plan,
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
