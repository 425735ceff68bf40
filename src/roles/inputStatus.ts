import { keyOf } from '../support/partitionKey.js';
import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import type { TopicPartition } from '../kafka/consumer/inputConsumer.js';
import { logBounds, type LogBounds } from '../kafka/consumer/logBounds.js';
import type { StoredRecord } from '../kafka/consumer/fetchedRecords.js';
import { readRecords } from '../kafka/consumer/readRecords.js';
import { INPUT_TOPICS, type InputTopic } from '../kafka/topics.js';
import { loadProgress, loadPositions, type Position } from '../postgres/counting/offsets.js';
import { lossByBounds, lossByDigest, type Loss } from './processor/inputLost.js';
import { digestOf } from './processor/reading/positions.js';

const RECORDS_WITHIN_MS = 10_000;

/** A loss with what is known of when the records that are gone arrived (epoch ms, by the broker's word). */
export interface DatedLoss extends Loss {
  /** Of the last record counted. */
  readonly arrivedAfter: number | null;
  /** Of the first record that is left. */
  readonly arrivedBefore: number | null;
  readonly generation: number;
}

/** Where a partition stands: what the broker has, what was counted, and what is lost between. */
export interface PartitionStatus extends LogBounds {
  /** The next offset to count. */
  readonly counted: number;
  readonly loss: DatedLoss | null;
}

export interface InputStatus {
  readonly partitions: readonly PartitionStatus[];
  /** Input topics that the broker does not have. */
  readonly missingTopics: readonly InputTopic[];
}

/** Holds what was counted against what the broker has, of the named topics; changes nothing. */
export async function inputStatus(
  pool: pg.Pool,
  kafka: Kafka,
  topics: readonly InputTopic[] = INPUT_TOPICS,
): Promise<InputStatus> {
  const { bounds, missingTopics } = await askBroker(kafka, topics);
  const positions = await loadPositions(pool, bounds);
  const stands = bounds.map((bound) => {
    const position = positions.get(keyOf(bound));
    const counted = position?.nextOffset ?? bound.low;
    return { bound, position, counted, loss: lossByBounds(bound, counted) };
  });
  const records = await readRecords(kafka, stands.flatMap(toRead), RECORDS_WITHIN_MS);
  const lost = stands.map(({ bound, position, counted, loss }) => {
    const record = records.get(keyOf(bound));
    return { bound, position, counted, record, loss: loss ?? byDigest(bound, counted, position, record) };
  });
  const dates = await datesOf(
    pool,
    kafka,
    lost.flatMap(({ loss }) => (loss === null ? [] : [loss])),
  );
  const partitions = lost.map(({ bound, position, counted, loss }) => {
    if (loss === null) return { ...bound, counted, loss };
    return { ...bound, counted, loss: { ...loss, ...dates(loss), generation: position?.generation ?? 0 } };
  });
  return { partitions, missingTopics };
}

async function askBroker(
  kafka: Kafka,
  topics: readonly InputTopic[],
): Promise<{ bounds: LogBounds[]; missingTopics: InputTopic[] }> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const there = new Set(await admin.listTopics());
    const present = topics.filter((topic) => there.has(topic));
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics: [...present] });
    const partitions = metadata.flatMap(({ name, partitions: numbers }) =>
      numbers.map(({ partitionId }): TopicPartition => ({
        topic: name as InputTopic,
        partition: partitionId,
      })),
    );
    const bounds = await logBounds(admin, partitions);
    bounds.sort((a, b) => topics.indexOf(a.topic) - topics.indexOf(b.topic) || a.partition - b.partition);
    return { bounds, missingTopics: topics.filter((topic) => !there.has(topic)) };
  } finally {
    await admin.disconnect();
  }
}

interface Stand {
  readonly bound: LogBounds;
  readonly position: Position | undefined;
  readonly counted: number;
  readonly loss: Loss | null;
}

/** The record by which a log that seems whole is known again. */
function toRead({ bound, position, counted, loss }: Stand) {
  const { topic, partition, low } = bound;
  if (loss !== null || (position?.lastDigest ?? null) === null || counted - 1 < low) return [];
  return [{ topic, partition, offset: counted - 1 }];
}

function byDigest(
  bound: LogBounds,
  counted: number,
  position: Position | undefined,
  record: StoredRecord | undefined,
): Loss | null {
  const digest = position?.lastDigest ?? null;
  if (record === undefined || digest === null || record.offset !== counted - 1) return null;
  return digestOf(record).equals(digest) ? null : lossByDigest(bound, counted);
}

async function datesOf(pool: pg.Pool, kafka: Kafka, losses: readonly Loss[]) {
  if (losses.length === 0) return () => ({ arrivedAfter: null, arrivedBefore: null });
  const progress = new Map((await loadProgress(pool)).map((read) => [keyOf(read), read]));
  const left = await readRecords(
    kafka,
    losses.map(({ topic, partition, resumeAt }) => ({ topic, partition, offset: resumeAt })),
    RECORDS_WITHIN_MS / 2,
  );
  return (loss: Loss) => {
    const first = left.get(keyOf(loss));
    return {
      arrivedAfter: progress.get(keyOf(loss))?.readUpTo ?? null,
      arrivedBefore: first === undefined ? null : first.time,
    };
  };
}
