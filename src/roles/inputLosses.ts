import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import { INPUT_TOPICS, type InputTopic } from '../kafka/topics.js';
import { acceptLoss } from '../postgres/counting/inputLosses.js';
import { ExpectedError } from '../support/expectedError.js';
import { inputStatus, type DatedLoss } from './inputStatus.js';

export interface AcceptRequest {
  readonly topic: string;
  /** Null: every partition of the topic that has lost something. */
  readonly partition: number | null;
  readonly reason: string;
  readonly by: string;
}

/** A loss as it was recorded. */
export interface Accepted extends DatedLoss {
  readonly id: number;
}

/**
 * Gives up what is lost of a topic: records who decided it and why, and sets the position behind it, by
 * compare-and-set. Processes that count elsewhere are safe: whoever moves the position first wins, and the other finds
 * it moved.
 * @throws ExpectedError when nothing is lost, or the position was moved meanwhile
 */
export async function acceptInputLoss(
  pool: pg.Pool,
  kafka: Kafka,
  { topic, partition, reason, by }: AcceptRequest,
): Promise<Accepted[]> {
  const known = INPUT_TOPICS.find((name) => name === topic);
  if (known === undefined)
    throw new ExpectedError(`${topic} is not an input topic: ${INPUT_TOPICS.join(', ')}`);
  const accepted: Accepted[] = [];
  for (const loss of await lossesOf(pool, kafka, known, partition)) {
    const id = await acceptLoss(
      pool,
      {
        ...loss,
        kind: loss.kind === 'deleted' ? 'DELETED' : 'REPLACED',
        resumedAt: loss.resumeAt,
        reason,
        by,
      },
      loss.generation,
    );
    if (id === null) {
      throw new ExpectedError(
        `${topic} partition ${loss.partition}: its position was moved meanwhile, nothing is recorded; look again`,
      );
    }
    accepted.push({ ...loss, id });
  }
  return accepted;
}

async function lossesOf(
  pool: pg.Pool,
  kafka: Kafka,
  topic: InputTopic,
  partition: number | null,
): Promise<readonly DatedLoss[]> {
  const { partitions, missingTopics } = await inputStatus(pool, kafka, [topic]);
  if (missingTopics.length > 0) {
    throw new ExpectedError(
      `the broker has no topic ${topic}: create it again first (node dist/main.js migrate)`,
    );
  }
  const named = partitions.filter((one) => partition === null || one.partition === partition);
  if (named.length === 0) throw new ExpectedError(`${topic} has no partition ${partition ?? ''}`);
  const losses = named.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (losses.length === 0) {
    const where = partition === null ? topic : `${topic} partition ${partition}`;
    throw new ExpectedError(`${where}: nothing is lost, so there is nothing to give up`);
  }
  return losses;
}
