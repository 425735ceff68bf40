import { readConfig } from '../config/environment.js';
import { createKafka } from '../kafka/client.js';
import { recordedLosses, type RecordedLoss } from '../postgres/counting/inputLosses.js';
import { acceptInputLoss } from '../roles/inputLosses.js';
import { inputStatus, type DatedLoss, type PartitionStatus } from '../roles/inputStatus.js';
import { acceptCommand } from '../roles/processor/inputLost.js';
import { ExpectedError } from '../support/expectedError.js';
import { createLog } from '../support/log.js';
import { isOutage, reasonOf } from '../support/outage.js';
import type { Io } from './io.js';
import { withDatabase } from './withDatabase.js';

/** `--topic`, `--partition`, `--reason` and `--by` as given. */
export interface AcceptOptions {
  readonly topic: string;
  readonly partition?: number;
  readonly reason: string;
  readonly by: string;
}

type Output = Pick<Io, 'env' | 'stdout'>;

/** Prints where every partition of the input stands and what was given up so far; resolves to 1 when something is lost. */
export async function showInput({ env, stdout }: Output): Promise<number> {
  const { pool: work, kafka } = servers(env);
  const { status, recorded } = await work(async (pool) => ({
    status: await inputStatus(pool, kafka),
    recorded: await recordedLosses(pool),
  }));
  for (const topic of status.missingTopics) stdout.write(`${topic.padEnd(22)} is not there\n`);
  for (const partition of status.partitions) stdout.write(statusLine(partition));
  if (recorded.length > 0) stdout.write(`\ngiven up so far:\n${recorded.map(recordedLine).join('')}`);
  return status.partitions.some(({ loss }) => loss !== null) ? 1 : 0;
}

/** Gives up what is lost and prints what was recorded. */
export async function acceptLoss(
  { topic, partition, reason, by }: AcceptOptions,
  { env, stdout }: Output,
): Promise<void> {
  if (reason.trim() === '') throw new ExpectedError('--reason is empty: say why it may be given up');
  if (by.trim() === '') throw new ExpectedError('--by is empty: say who decides');
  const { pool: work, kafka } = servers(env);
  const request = { topic, partition: partition ?? null, reason: reason.trim(), by: by.trim() };
  const accepted = await work((pool) => acceptInputLoss(pool, kafka, request));
  for (const loss of accepted) {
    stdout.write(
      `${loss.topic} partition ${loss.partition}: ${missing(loss)} given up; counting goes on at offset ` +
        `${loss.resumeAt}. Recorded as loss ${loss.id}.\n`,
    );
  }
}

function servers(env: NodeJS.ProcessEnv) {
  const config = readConfig(env, ['database', 'kafka']);
  const kafka = createKafka(config.kafka, 'fair-use-input', createLog('silent'), 3);
  const pool = <T>(work: Parameters<typeof withDatabase<T>>[1]): Promise<T> =>
    withDatabase(config.databaseUrl, async (db) => {
      try {
        return await work(db);
      } catch (error) {
        const isKafka = error instanceof Error && error.name.startsWith('KafkaJS') && isOutage(error);
        if (!isKafka) throw error;
        throw new ExpectedError(`Kafka is not to be reached: ${reasonOf(error)}`, { cause: error });
      }
    });
  return { pool, kafka };
}

function statusLine({ topic, partition, counted, high, loss }: PartitionStatus): string {
  const name = `${topic.padEnd(22)} partition ${String(partition).padEnd(4)}`;
  if (loss === null) return `${name} counted up to offset ${counted} of ${high}\n`;
  const dates = [
    loss.arrivedAfter === null ? null : `the last record counted arrived ${instant(loss.arrivedAfter)}`,
    loss.arrivedBefore === null ? null : `the first one left ${instant(loss.arrivedBefore)}`,
  ].filter((date) => date !== null);
  return (
    `${name} LOST: ${loss.evidence}\n` +
    `    missing: ${missing(loss)}${dates.length === 0 ? '' : `; ${dates.join(', ')}`}\n` +
    `    to give it up and go on at offset ${loss.resumeAt}: ${acceptCommand(loss)}\n`
  );
}

function missing({ from, to }: Pick<DatedLoss, 'from' | 'to'>): string {
  if (to === null) return `what the former log held from offset ${from} on`;
  return `offsets ${from} to ${to} (at most ${to - from + 1} records)`;
}

function recordedLine(loss: RecordedLoss): string {
  return (
    `  ${loss.id}  ${instant(loss.decidedAt)}  ${loss.topic} partition ${loss.partition}: ${missing(loss)}, ` +
    `by ${loss.by}: ${loss.reason}\n`
  );
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
