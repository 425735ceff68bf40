import type { Message, Producer, TopicMessages } from 'kafkajs';
import { Unencodable, type Encoder } from '../../kafka/encoder.js';
import { DEAD_LETTER_TOPIC } from '../../kafka/topics.js';
import type { DeadLetterRow } from '../../postgres/outbox/waitingLetters.js';
import type { OutboxRow } from '../../postgres/outbox/waiting.js';

/** A row that cannot be published, and why. */
export interface Refused {
  readonly row: OutboxRow;
  readonly why: string;
}

interface Encoded {
  readonly row: OutboxRow;
  readonly message: Message;
}

/**
 * Publishes rows in their order, keyed by account. Returns those that can never be published; throws on whatever
 * else, after which publishing the same rows again is right (consumers drop repeats by id).
 */
export async function publishRows(
  producer: Producer,
  encoder: Encoder,
  rows: readonly OutboxRow[],
): Promise<Refused[]> {
  const refused: Refused[] = [];
  const encoded: Encoded[] = [];
  for (const row of rows) {
    try {
      const value = await encoder.encode(row.topic, row.record);
      encoded.push({ row, message: { key: row.account_id, value } });
    } catch (error) {
      if (!(error instanceof Unencodable)) throw error;
      refused.push({ row, why: error.message });
    }
  }
  if (encoded.length === 0) return refused;
  try {
    await producer.sendBatch({ acks: -1, topicMessages: byTopic(encoded) });
  } catch (error) {
    if (!isOfARecord(error)) throw error;
    // One of them is at fault: alone, each shows whether it is the one.
    for (const one of encoded) refused.push(...(await publishAlone(producer, one)));
  }
  return refused;
}

async function publishAlone(producer: Producer, { row, message }: Encoded): Promise<Refused[]> {
  try {
    await producer.send({ topic: row.topic, acks: -1, messages: [message] });
    return [];
  } catch (error) {
    if (!isOfARecord(error)) throw error;
    return [{ row, why: error instanceof Error ? error.message : String(error) }];
  }
}

// kafkajs makes one record batch of what goes to a partition in one call, and brokers bound the batch.
const LETTER_BYTES_AT_ONCE = 800_000;

/**
 * Copies dead letters to their topic: the bytes as they came, with where they lay and why they were refused. Returns
 * those that are there now; what the broker finds too large stays.
 */
export async function publishLetters(
  producer: Producer,
  letters: readonly DeadLetterRow[],
): Promise<DeadLetterRow[]> {
  const published: DeadLetterRow[] = [];
  for (const group of inGroups(letters)) {
    try {
      await producer.send({ topic: DEAD_LETTER_TOPIC, acks: -1, messages: group.map(letterMessage) });
      published.push(...group);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
  }
  return published;
}

function letterMessage(letter: DeadLetterRow): Message {
  return {
    key: letter.key,
    value: letter.value,
    // Without a key a retry could choose another partition and leave two copies.
    ...(letter.key === null ? { partition: 0 } : {}),
    headers: {
      'dlq-reason': letter.reason,
      'dlq-topic': letter.topic,
      'dlq-partition': String(letter.partition),
      'dlq-offset': String(letter.offset),
      'dlq-detail': letter.detail,
    },
  };
}

/** Runs of letters that are sent together; a large one goes alone, so that no other shares its fate. */
function inGroups(letters: readonly DeadLetterRow[]): DeadLetterRow[][] {
  const groups: DeadLetterRow[][] = [];
  let room = 0;
  for (const letter of letters) {
    const bytes = (letter.value?.length ?? 0) + (letter.key?.length ?? 0) + letter.detail.length + 500;
    const group = groups.at(-1);
    if (group === undefined || bytes > room) {
      groups.push([letter]);
      room = LETTER_BYTES_AT_ONCE - bytes;
    } else {
      group.push(letter);
      room -= bytes;
    }
  }
  return groups;
}

function byTopic(encoded: readonly Encoded[]): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { row, message } of encoded) {
    const messages = topics.get(row.topic);
    if (messages === undefined) topics.set(row.topic, [message]);
    else messages.push(message);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}

// All else that a broker refuses (a clock of ours that is hours ahead, a right that was taken away, a sequence that it has
// lost) is of a moment or for somebody to mend, and what is to be told waits for it.
const OF_A_RECORD: ReadonlySet<unknown> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
]);

function isOfARecord(error: unknown): boolean {
  return OF_A_RECORD.has((error as { type?: unknown } | null)?.type);
}

function isTooLarge(error: unknown): boolean {
  return (error as { type?: unknown } | null)?.type === 'MESSAGE_TOO_LARGE';
}
