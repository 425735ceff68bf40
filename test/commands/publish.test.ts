import { afterAll, beforeAll, describe, it, expect } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type KafkaMessage } from 'kafkajs';
import { createKafka } from '../../src/kafka/client.js';
import { createMissingTopics } from '../../src/kafka/createTopics.js';
import { PublishSender } from '../../src/kafka/publish/sender.js';
import { Registry } from '../../src/kafka/registry.js';
import { schemaType } from '../../src/kafka/schemas.js';
import type { InputTopic } from '../../src/kafka/topics.js';
import type { Stack } from '../../src/stack/index.js';
import { createLog } from '../../src/support/log.js';
import { ownStack, testStack, uniqueName } from '../support/stack.js';
import { cli, eventually } from './cli.js';

let stack: Stack;
let folder: string;
let env: NodeJS.ProcessEnv;

function kafka() {
  const brokers = stack.addresses.kafkaBrokers.split(',');
  return createKafka({ brokers, ssl: false, sasl: null }, 'publish-test', createLog('silent'));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fair-use-publish-'));
  stack = await ownStack(['kafka']);
  const { schemaRegistryUrl } = testStack();
  env = { KAFKA_BROKERS: stack.addresses.kafkaBrokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl };
  await createMissingTopics(kafka(), { partitions: 3, replication: 1 });
  await new Registry(schemaRegistryUrl).registerMissing();
}, 120_000);

afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function chat(account: string, number: number): string {
  const ids = { eventId: `${account}-${number}`, accountId: account, workspaceId: 'w', botId: 'b' };
  const value = { ...ids, chatId: `c-${number}`, type: 'STARTED', occurredAt: '2026-11-20T10:00:00Z' };
  return JSON.stringify({ topic: 'platform.chats.v1', value });
}

/** Every record of the topic with the key, in order, once there are `count` of them. */
async function recordsOf(topic: InputTopic, key: string, count: number): Promise<KafkaMessage[]> {
  const found: KafkaMessage[] = [];
  const consumer = kafka().consumer({ groupId: uniqueName('publish-test'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        if (message.key?.toString() === key) found.push(message);
        return Promise.resolve();
      },
    });
    await eventually(`${count} records of ${key}`, () => found.length >= count);
    return found;
  } finally {
    await consumer.disconnect();
  }
}

describe('publish', () => {
  it('sends every good line in order, keyed by account, and names each bad one', async () => {
    const account = uniqueName('acc');
    const lines = Array.from({ length: 500 }, (_, index) => chat(account, index));
    const path = file('mixed.ndjson', ['\uFEFF' + lines[0]!, 'nonsense', '', ...lines.slice(1)].join('\r\n'));
    const run = cli(['publish', path], env);
    expect(await run.exit).toBe(1);
    expect(run.stderr).toContain(`${path}:2: not JSON`);
    expect(run.stdout).toBe('lines read: 501\npublished: 500\n  platform.chats.v1: 500\nbad lines: 1\n');
    const records = await recordsOf('platform.chats.v1', account, 500);
    const events = records.map(
      ({ value }) => schemaType('platform.chats.v1').fromBuffer(value!.subarray(5)) as { eventId: string },
    );
    expect(events.map(({ eventId }) => eventId)).toEqual(lines.map((_, index) => `${account}-${index}`));
  }, 60_000);

  it('reads standard input and sends tombstones', async () => {
    const account = uniqueName('acc');
    const line = JSON.stringify({ topic: 'platform.accounts.v1', key: account, value: null });
    const run = cli(['publish', '-'], env, `${line}\n`);
    expect([await run.exit, run.stderr]).toEqual([0, '']);
    const [record] = await recordsOf('platform.accounts.v1', account, 1);
    expect(record!.value).toBeNull();
  }, 60_000);

  it('goes on after files that cannot be read; an empty one is fine', async () => {
    const account = uniqueName('acc');
    const run = cli(['publish', join(folder, 'missing'), folder, file('one.ndjson', chat(account, 1))], env);
    expect(await run.exit).toBe(1);
    expect(run.stderr).toContain('missing: no such file');
    expect(run.stderr).toContain(`${folder}: is a directory`);
    expect(run.stdout).toContain('published: 1\n');
    expect(await cli(['publish', file('empty.ndjson', '')], env).exit).toBe(0);
  }, 60_000);

  it('takes a record that is too large for its topic as a bad line', async () => {
    const account = uniqueName('acc');
    const large = chat(account, 1).replace('"b"', JSON.stringify('b')).replace('"w"', '"w","channel":"PAD"');
    const admin = kafka().admin();
    await admin.connect();
    const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: 'platform.chats.v1' } as const;
    try {
      const configEntries = [{ name: 'max.message.bytes', value: '2000' }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });
      const path = file(
        'large.ndjson',
        [large.replace('PAD', 'x'.repeat(3000)), chat(account, 2)].join('\n'),
      );
      const run = cli(['publish', path], env);
      expect(await run.exit).toBe(1);
      expect(run.stderr).toContain(`${path}:1: `);
      expect(run.stderr).toContain('takes records of up to');
      expect(run.stdout).toContain('published: 1\n');

      // A limit that was lowered meanwhile is the broker's to tell.
      const sender = new PublishSender(kafka());
      const records = [1, 5000, 2, 3, 6000, 4].map((size) => ({
        topic: topic.name,
        key: account,
        value: Buffer.alloc(size),
      }));
      const refused = await sender.send(records);
      await sender.close();
      expect(refused.map(({ value }) => value.length)).toEqual([5000, 6000]);
      const sizes = (await recordsOf('platform.chats.v1', account, 5)).map(({ value }) => value!.length);
      expect(sizes.filter((size) => size < 10)).toEqual([1, 2, 3, 4]);
    } finally {
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries: [] }] });
      await admin.disconnect();
    }
  }, 60_000);

  it('waits for a broker that is down, says so, and loses nothing', async () => {
    const account = uniqueName('acc');
    const broker = stack.parts.kafka!;
    const path = file('waiting.ndjson', Array.from({ length: 100 }, (_, n) => chat(account, n)).join('\n'));
    await broker.stop();
    const run = cli(['publish', path], env);
    await eventually('a word about waiting', () => run.stderr.includes('waiting for Kafka at'));
    await broker.start();
    expect(await run.exit).toBe(0);
    expect(await recordsOf('platform.chats.v1', account, 100)).toHaveLength(100);
  }, 120_000);

  it('stops at once when interrupted and says what is out', async () => {
    const run = cli(['publish', file('never.ndjson', chat('acc', 1))], {
      ...env,
      KAFKA_BROKERS: '127.0.0.1:1',
    });
    await eventually('a word about waiting', () => run.stderr.includes('waiting for Kafka at'));
    run.interrupt();
    expect(await run.exit).toBe(130);
    expect(run.stderr).toContain('interrupted: 0 lines are certainly out');
    expect(run.stdout).toContain('published: 0\n');
  }, 60_000);
});
