import { Registry } from '../../../src/kafka/registry.js';
import { DEAD_LETTER_TOPIC, INPUT_TOPICS, OUTPUT_TOPICS } from '../../../src/kafka/topics.js';
import type { AccountSnapshot } from '../../../src/simulation/records.js';
import { recount } from '../../../src/simulation/truth/recount.js';
import type { LogEntry, Truth } from '../../../src/simulation/truth/types.js';
import { compareDeliveries, compareNotices, Notices } from '../../../src/simulation/verify/compareNotices.js';
import { closingTimes } from '../../../src/simulation/verify/closings.js';
import { compareTopics } from '../../../src/simulation/verify/compareTopics.js';
import { compareUsage } from '../../../src/simulation/verify/compareUsage.js';
import { Decoder, decodeLog } from '../../../src/simulation/verify/decodeLog.js';
import { readEnds, readTopics } from '../../../src/simulation/verify/readTopics.js';
import { readViews } from '../../../src/simulation/verify/views.js';
import type { Servers } from '../world/servers.js';
import { orderOnTopics } from './order.js';
import { storyOf } from './story.js';

export interface OracleReport {
  readonly records: number;
  readonly truth: Truth;
  readonly published: Record<string, number>;
  readonly broken: string[];
}

const INVARIANT_OF: readonly (readonly [RegExp, string])[] = [
  [/^usage:/, 'I1'],
  [/^(crossing|violation|overage|measure|notice):/, 'I4'],
  [/^dead letter:/, 'I2'],
  [/ topic|published/, 'I5'],
  [/^delivery:/, 'I7'],
];

function named(difference: string): string {
  const found = INVARIANT_OF.find(([pattern]) => pattern.test(difference));
  return `${found?.[1] ?? 'I1'}: ${difference.replaceAll('truth', 'oracle')}`;
}

/** Reads the log back, counts it once more in the simplest way, and compares everything that the outside sees. */
export async function askOracle(
  servers: Servers,
  uploadBytesPerYear = 10 * 1024 ** 3,
): Promise<OracleReport> {
  const { kafka, stack } = servers;
  const decoder = new Decoder(new Registry(stack.addresses.schemaRegistryUrl));
  const views = await readViews(stack.addresses.databaseUrl);
  const input = await readTopics(kafka, await readEnds(kafka, INPUT_TOPICS));
  const log = await decodeLog(input, [], decoder, 0);
  const notices = new Notices(views);
  const { sentAt, failedAt, createdAt } = notices.times();
  const anyFailed = views.notifications.some(({ status }) => status === 'FAILED');
  const truth = recount(log, {
    uploadBytesPerYear,
    until: Date.now(),
    closedAt: closingTimes(views),
    sentAt,
    createdAt,
    ...(anyFailed ? { failedAt } : {}),
  });
  const output = await readTopics(kafka, await readEnds(kafka, [...OUTPUT_TOPICS, DEAD_LETTER_TOPIC]));
  const topics = await compareTopics(output, truth, views, decoder);
  const usage = compareUsage(truth, views);
  return {
    records: input.length,
    truth,
    published: topics.published,
    broken: [
      ...[
        ...usage,
        ...compareNotices(truth, notices),
        ...compareDeliveries(views, newest(log)),
        ...topics.differences,
      ].map(named),
      ...(await idsCounted(servers, truth)),
      ...(await parkedNow(servers, truth)),
      ...(await orderOnTopics(servers, output, decoder)),
      ...(usage.length > 0 ? await storyOf(servers, log, usage) : []),
    ],
  };
}

function newest(log: readonly LogEntry[]): Map<string, AccountSnapshot> {
  const found = new Map<string, AccountSnapshot>();
  for (const entry of log) {
    if ('value' in entry && entry.topic === 'platform.accounts.v1')
      found.set(entry.value.accountId, entry.value);
  }
  return found;
}

/** I2 and I9: as many ids are kept as were counted, none twice. */
async function idsCounted(servers: Servers, truth: Truth): Promise<string[]> {
  const [row] = await servers.rows<{ ids: string }>(
    'select coalesce(sum(length(counted)) / 16, 0)::int8 as ids from seen_ids',
  );
  const ids = Number(row?.ids ?? 0);
  return ids === truth.counted
    ? []
    : [`I2: ${ids} ids are kept as counted, the oracle counted ${truth.counted}`];
}

async function parkedNow(servers: Servers, truth: Truth): Promise<string[]> {
  const [row] = await servers.rows<{ parked: string }>('select count(*) as parked from parked_events');
  const parked = Number(row?.parked ?? 0);
  return parked === truth.parked ? [] : [`I2: ${parked} events are parked, by the oracle ${truth.parked}`];
}
