import { afterAll, beforeAll, describe, it, expect } from '@jest/globals';
import { createKafka } from '../../src/kafka/client.js';
import { Registry } from '../../src/kafka/registry.js';
import { AVRO_TOPICS, topicSpecs } from '../../src/kafka/topics.js';
import type { Stack } from '../../src/stack/index.js';
import { createLog } from '../../src/support/log.js';
import { freshDatabase, ownStack, testStack, type FreshDatabase } from '../support/stack.js';
import { cli, eventually } from './cli.js';

let stack: Stack;
let database: FreshDatabase;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  stack = await ownStack(['kafka']);
  database = await freshDatabase('migrate');
  env = {
    LOG_LEVEL: 'silent',
    KAFKA_BROKERS: stack.addresses.kafkaBrokers,
    SCHEMA_REGISTRY_URL: testStack().schemaRegistryUrl,
    DATABASE_URL: database.url,
    TOPIC_PARTITIONS: '3',
  };
}, 120_000);

afterAll(async () => {
  await Promise.all([stack.stop(), database.drop()]);
});

async function migrated(change: NodeJS.ProcessEnv = {}) {
  const run = cli(['migrate'], { ...env, ...change });
  const exit = await run.exit;
  return { exit, stdout: run.stdout, stderr: run.stderr };
}

function admin() {
  const brokers = stack.addresses.kafkaBrokers.split(',');
  return createKafka({ brokers, ssl: false, sasl: null }, 'migrate-test', createLog('silent')).admin();
}

describe('migrate', () => {
  it('leaves topics that exist as they are, but warns of a short retention', async () => {
    const client = admin();
    await client.connect();
    const configEntries = [{ name: 'retention.ms', value: '86400000' }];
    await client.createTopics({
      waitForLeaders: true,
      topics: [{ topic: 'platform.chats.v1', numPartitions: 1, replicationFactor: 1, configEntries }],
    });
    const { exit, stdout } = await migrated();
    expect(exit).toBe(0);
    expect(stdout).toContain('warning: topic platform.chats.v1 keeps records for 1 days only');
    const { topics } = await client.fetchTopicMetadata({ topics: topicSpecs().map(({ topic }) => topic) });
    const partitions = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    expect(partitions.size).toBe(topicSpecs().length);
    expect([partitions.get('platform.chats.v1'), partitions.get('fair-use.dead-letters.v1')]).toEqual([1, 3]);
    await client.disconnect();
  }, 60_000);

  it('registers every subject and has nothing left to do the second time', async () => {
    await migrated();
    const registry = new Registry(testStack().schemaRegistryUrl);
    const ids = await Promise.all(AVRO_TOPICS.map((topic) => registry.idOf(topic)));
    expect(ids).not.toContain(null);
    const { exit, stdout } = await migrated();
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^database migrations applied: up to date$/m);
    expect(stdout).toMatch(/^topics created: up to date$/m);
    expect(stdout).toMatch(/^subjects registered: up to date$/m);
  }, 60_000);

  it('may run several times at once on servers that have nothing yet', async () => {
    const client = admin();
    await client.connect();
    await client.deleteTopics({ topics: topicSpecs().map(({ topic }) => topic) });
    await client.disconnect();
    const fresh = await freshDatabase('migrate_at_once');
    try {
      const subjects = await fetch(`${testStack().schemaRegistryUrl}/subjects`).then((r) => r.json());
      for (const subject of subjects as string[]) {
        const url = `${testStack().schemaRegistryUrl}/subjects/${subject}`;
        for (const permanent of ['', '?permanent=true'])
          await fetch(`${url}${permanent}`, { method: 'DELETE' });
      }
      const runs = await Promise.all([1, 2, 3, 4].map(() => migrated({ DATABASE_URL: fresh.url })));
      expect(runs.map(({ exit, stderr }) => [exit, stderr])).toEqual(runs.map(() => [0, '']));
      const applied = runs.filter(
        ({ stdout }) => !stdout.includes('database migrations applied: up to date'),
      );
      expect(applied).toHaveLength(1);
    } finally {
      await fresh.drop();
    }
  }, 60_000);

  it('gives up in one line, without secrets, when a server refuses', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    url.username = 'nobody';
    url.password = 'hunter2';
    const { exit, stderr } = await migrated({ DATABASE_URL: url.href });
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^the database at 127\.0\.0\.1:\d+\/no_such_database refuses: .+\n$/);
    expect(stderr).not.toContain('hunter2');
  }, 60_000);

  it('gives up when the cluster has too few brokers for the copies wanted', async () => {
    const client = admin();
    await client.connect();
    await client.deleteTopics({ topics: ['platform.replies.v1'] });
    await client.disconnect();
    const { exit, stderr } = await migrated({ TOPIC_REPLICATION: '3' });
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^Kafka at 127\.0\.0\.1:\d+ refuses: Replication-factor is invalid/);
  }, 60_000);

  it('is asked for by a role that may not do it itself', async () => {
    const empty = await freshDatabase('not_migrated');
    try {
      const run = cli(['serve', '--role', 'scheduler'], {
        ...env,
        DATABASE_URL: empty.url,
        HTTP_PORT: '0',
        AUTO_MIGRATE: 'false',
      });
      expect(await run.exit).toBe(1);
      expect(run.stderr).toMatch(
        /^the database lacks migrations of this release: .+\. Run the command "migrate", or set AUTO_MIGRATE=true\n$/,
      );
    } finally {
      await empty.drop();
    }
  }, 60_000);

  it('waits for a server that is not up yet', async () => {
    const broker = stack.parts.kafka!;
    await broker.stop();
    let done = false;
    const run = cli(['migrate'], env);
    void run.exit.then(() => (done = true));
    await broker.start();
    await eventually('the end of the migration', () => done);
    expect(await run.exit).toBe(0);
  }, 120_000);

  it('ends when it is interrupted while waiting', async () => {
    const run = cli(['migrate'], { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/nothing' });
    run.interrupt();
    expect(await run.exit).toBe(130);
  }, 60_000);
});
