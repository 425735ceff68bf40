// Node finds no named export `ConfigResourceTypes` in this CommonJS module.
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import pRetry from 'p-retry';
import { INPUT_TOPICS, topicSpecs, type TopicSpec } from './topics.js';

export interface TopicReport {
  readonly created: readonly string[];
  /** What is not as the contract wants it on topics that were there: they belong to somebody, so nothing is changed. */
  readonly warnings: readonly string[];
}

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 60;
const LEADER_POLL_MS = 100;
const LEADER_WAIT_MS = 20_000;
const NO_LEADER_YET: ReadonlySet<unknown> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/**
 * Creates the topics that are missing and waits for the leaders of all. Never alters one that exists; any number of
 * processes may do this at once. Throws what kafkajs throws.
 */
export async function createMissingTopics(
  kafka: Kafka,
  settings: { readonly partitions: number; readonly replication: number },
): Promise<TopicReport> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const specs = topicSpecs();
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    const created: string[] = [];
    for (const spec of missing) {
      // One by one: another process that is faster with one of them must not hide an error of the others.
      if (await create(admin, spec, settings)) created.push(spec.topic);
    }
    await leadersOf(
      admin,
      specs.map(({ topic }) => topic),
    );
    const present = INPUT_TOPICS.filter((topic) => existing.has(topic));
    return { created, warnings: await retentionWarnings(admin, present) };
  } finally {
    await admin.disconnect();
  }
}

async function create(
  admin: Admin,
  spec: TopicSpec,
  { partitions, replication }: { readonly partitions: number; readonly replication: number },
): Promise<boolean> {
  return admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic: spec.topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
      },
    ],
  });
}

/** Waits until the broker leads every topic: for a moment after its creation it has not heard of one. */
async function leadersOf(admin: Admin, topics: string[]): Promise<void> {
  await pRetry(() => admin.fetchTopicMetadata({ topics }), {
    retries: LEADER_WAIT_MS / LEADER_POLL_MS,
    minTimeout: LEADER_POLL_MS,
    factor: 1,
    shouldRetry: ({ error }) => NO_LEADER_YET.has((error as { type?: unknown }).type),
  });
}

/** Contract §2: input is kept at least 60 days, so that late events and replays find it. */
async function retentionWarnings(admin: Admin, topics: readonly string[]): Promise<string[]> {
  if (topics.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['cleanup.policy', 'retention.ms'],
    })),
  });
  return resources.flatMap(({ resourceName, configEntries }) => {
    const valueOf = (name: string): string =>
      configEntries.find(({ configName }) => configName === name)?.configValue ?? '';
    const retention = Number(valueOf('retention.ms') || -1);
    const deletes = valueOf('cleanup.policy').split(',').includes('delete');
    if (!deletes || retention < 0 || retention >= RETENTION_DAYS * DAY_MS) return [];
    const days = Math.floor((retention / DAY_MS) * 10) / 10;
    return [
      `topic ${resourceName} keeps records for ${days} days only (retention.ms=${retention}); ` +
        `at least ${RETENTION_DAYS} days are needed for late events and replays`,
    ];
  });
}
