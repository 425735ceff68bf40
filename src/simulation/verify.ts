import { createKafka } from '../kafka/client.js';
import { Registry } from '../kafka/registry.js';
import { DEAD_LETTER_TOPIC, INPUT_TOPICS, OUTPUT_TOPICS } from '../kafka/topics.js';
import type { Log } from '../support/log.js';
import type { AccountSnapshot } from './records.js';
import { SimulationState, type PublishedRanges } from './state.js';
import { recount } from './truth/recount.js';
import type { LogEntry } from './truth/types.js';
import { compareDeliveries, compareNotices, Notices } from './verify/compareNotices.js';
import { compareTopics } from './verify/compareTopics.js';
import { closingTimes, overdue } from './verify/closings.js';
import { compareUsage } from './verify/compareUsage.js';
import { Decoder, decodeLog } from './verify/decodeLog.js';
import { compareInbox } from './verify/inbox.js';
import { readEnds, readTopics, type RawRecord } from './verify/readTopics.js';
import { settle } from './verify/settle.js';

export interface VerifyOptions {
  brokers: readonly string[];
  registryUrl: string;
  databaseUrl: string;
  /** Base address of the MailDev inbox; null: mails are not looked at. */
  inboxUrl: string | null;
  stateDir: string;
  log: Log;
  /** The yearly limit of the policy in force, in bytes; 10 GiB as shipped. */
  uploadBytesPerYear?: number;
  /** What the engine adds to arrival times (`CLOCK_START`), in ms. */
  shiftMs?: number;
  /** How long the engine may take to read on and settle; two minutes by default. */
  timeoutMs?: number;
}

export interface Report {
  /** What was compared, and how many of it. */
  counts: Record<string, number>;
  /** Every difference between the truth and the engine, in words; empty when they are equal. */
  differences: string[];
}

/**
 * Reads the input back from the broker, counts it once more and compares the result with the reporting views, the
 * output topics and the inbox. To be called when no more traffic is published. Throws when a server does not answer.
 */
export async function verifySimulation(options: VerifyOptions): Promise<Report> {
  const settings = { brokers: options.brokers, ssl: false, sasl: null };
  const kafka = createKafka(settings, 'verification', options.log);
  const decoder = new Decoder(new Registry(options.registryUrl));
  const state = new SimulationState(options.stateDir, 0, 0);
  const outputs = [...OUTPUT_TOPICS, DEAD_LETTER_TOPIC];
  const publishedSoFar = async () =>
    [...(await readEnds(kafka, outputs)).values()].reduce((a, b) => a + b, 0);

  const ends = await readEnds(kafka, INPUT_TOPICS);
  const { views, left } = await settle(
    options.databaseUrl,
    ends,
    publishedSoFar,
    options.timeoutMs ?? 120_000,
  );
  const input = await readTopics(kafka, ends);
  const log = await decodeLog(input, state.journalled(), decoder, options.shiftMs ?? 0);
  const notices = new Notices(views);
  const now = Date.now() + (options.shiftMs ?? 0);
  const truth = recount(log, {
    uploadBytesPerYear: options.uploadBytesPerYear ?? 10 * 1024 ** 3,
    until: now,
    closedAt: closingTimes(views),
    ...notices.times(),
  });
  const output = await readTopics(kafka, await readEnds(kafka, outputs));
  const topics = await compareTopics(output, truth, views, decoder);
  const inbox = options.inboxUrl === null ? null : await compareInbox(options.inboxUrl, views);
  return {
    counts: {
      'input records': input.length,
      'counted once': truth.counted,
      'waiting for their account': truth.parked,
      'usage windows': truth.windows.length,
      crossings: truth.crossings.length,
      'violations of limits': truth.violations.length,
      'files too large': truth.largeFiles.length,
      'broken conditions': truth.brokenConditions.length,
      'overage steps': truth.overageSteps.length,
      measures: truth.measures.length,
      warnings: truth.notices.length,
      invitations: truth.invitations.length,
      'notices to be mailed': [...truth.notices, ...truth.invitations].filter(
        ({ status }) => status === 'DUE',
      ).length,
      deliveries: views.deliveries.length,
      ...(inbox === null ? {} : { mails: inbox.mails }),
      'dead letters': truth.deadLetters.length,
      ...topics.published,
    },
    differences: [
      ...left,
      ...lostRecords(input, state.published),
      ...compareUsage(truth, views),
      ...overdue(truth, views, now),
      ...compareNotices(truth, notices),
      ...compareDeliveries(views, newestSnapshots(log)),
      ...(inbox?.differences ?? []),
      ...topics.differences,
    ],
  };
}

/** Published records that the topics do not hold any more; the compacted accounts topic may drop old ones. */
function lostRecords(input: readonly RawRecord[], published: PublishedRanges): string[] {
  const present = new Set(input.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`));
  return Object.entries(published)
    .filter(([name]) => !name.startsWith('platform.accounts.v1'))
    .flatMap(([name, ranges]) =>
      ranges.flatMap(([from, to]) => {
        const offsets = Array.from({ length: to - from }, (_, index) => from + index);
        const lost = offsets.filter((offset) => !present.has(`${name}@${offset}`)).length;
        return lost === 0 ? [] : [`${name}: ${lost} of the published offsets ${from} to ${to} are not there`];
      }),
    );
}

function newestSnapshots(log: readonly LogEntry[]): Map<string, AccountSnapshot> {
  const newest = new Map<string, AccountSnapshot>();
  for (const entry of log) {
    if ('value' in entry && entry.topic === 'platform.accounts.v1')
      newest.set(entry.value.accountId, entry.value);
  }
  return newest;
}
