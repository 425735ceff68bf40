import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import { topicReadUpTo, type PartitionLog } from '../../domain/counting/readUpTo.js';
import type { Metric } from '../../domain/policy/policy.js';
import type { InputTopic } from '../../kafka/topics.js';
import { loadProgress } from '../../postgres/counting/offsets.js';
import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import { reasonOf } from '../../support/outage.js';

const BROKER_ANSWERS_WITHIN_MS = 10_000;
const USAGE_TOPICS: Readonly<Record<Metric, InputTopic>> = {
  chats: 'platform.chats.v1',
  sessions: 'platform.sessions.v1',
  tickets: 'platform.tickets.v1',
  upload_bytes: 'platform.uploads.v1',
};

export interface InputReadOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly log: Log;
  /** null: what was counted is all that is known, and idle partitions hold things up. */
  readonly kafka: Kafka | null;
}

/**
 * By metric, the instant (business time, epoch ms) up to which its topic was read by every partition; null when the
 * broker does not say where its log ends. The broker is asked first: what was counted after that only adds to it.
 */
export async function inputRead(
  options: InputReadOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<Metric, number> | null> {
  const { pool, clock, log, kafka } = options;
  const askedAt = clock.now();
  let logs: PartitionLog[] | null = null;
  if (kafka !== null) {
    try {
      logs = await soon(askBroker(kafka), signal);
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'the broker does not say how far the input goes');
      return null;
    }
  }
  const progress = await loadProgress(pool);
  return new Map(
    (Object.keys(USAGE_TOPICS) as Metric[]).map((metric) => [
      metric,
      topicReadUpTo(USAGE_TOPICS[metric], progress, logs, askedAt),
    ]),
  );
}

async function askBroker(kafka: Kafka): Promise<PartitionLog[]> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const logs: PartitionLog[] = [];
    for (const topic of Object.values(USAGE_TOPICS)) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        logs.push({ topic, partition, low: Number(low), high: Number(high) });
      }
    }
    return logs;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** A client that retries through an outage must not hold up the rest of the round, nor a stop. */
async function soon<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const waiting = new AbortController();
  const late = sleep(BROKER_ANSWERS_WITHIN_MS, undefined, {
    signal: AbortSignal.any([signal, waiting.signal]),
  }).then(() => {
    throw new Error(`no answer within ${BROKER_ANSWERS_WITHIN_MS} ms`);
  });
  // Whichever loses the race has nobody to tell.
  late.catch(() => undefined);
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    waiting.abort();
  }
}
