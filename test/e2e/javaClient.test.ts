import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import avro from 'avsc';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LIB_DIR } from '../support/stack.js';
import { account, chat, many, type Line } from './platform.js';
import { until, World } from './world.js';

const CLIENT = resolve('test/e2e/java/Client.java');
const minute = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000;

let world: World;

/** Runs the Java client with the broker's own jars. */
async function java(args: readonly string[], input = ''): Promise<string> {
  const kafka = readdirSync(LIB_DIR).find((name) => name.startsWith('kafka-'));
  const jars = join(LIB_DIR, kafka!, 'files', '*');
  const child = spawn('java', ['-cp', jars, CLIENT, world.stack.addresses.kafkaBrokers, ...args]);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(input);
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`the Java client failed: ${Buffer.concat(err).toString()}`);
  return Buffer.concat(out).toString();
}

const typeOf = (topic: string): avro.Type =>
  avro.Type.forSchema(JSON.parse(readFileSync(`schemas/${topic}.avsc`, 'utf8')) as avro.Schema);

/** The wire format, put together here and not by the product. */
async function hexLine({ topic, value }: Line): Promise<string> {
  const url = `${world.stack.addresses.schemaRegistryUrl}/subjects/${topic}-value/versions/latest`;
  const { id } = (await (await fetch(url)).json()) as { id: number };
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  const type = typeOf(topic);
  const body = type.toBuffer(type.clone(value, { wrapUnions: true }));
  return `${topic}\t${String(value['accountId'])}\t${Buffer.concat([head, body]).toString('hex')}`;
}

beforeAll(async () => {
  world = await World.start();
  await world.serve();
}, 120_000);

afterAll(async () => {
  await world.stop();
}, 60_000);

describe('with the Java client on both sides', () => {
  it('counts what it publishes and is read by it', async () => {
    const complete = {
      ...account('a-java', 'pro').value,
      isDeal: false,
      customerType: 'COMPANY',
      locale: 'en',
      timeZone: 'UTC',
      billingAnchorDay: null,
      contacts: [
        { name: 'Olive Owner', email: 'owner@java.example', role: 'OWNER', locale: null, notify: true },
      ],
      workspaces: [{ workspaceId: 'ws-1', name: 'Main', websites: [] }],
    };
    const lines = [
      { topic: 'platform.accounts.v1', value: complete },
      ...many(1_700, (i) => chat('a-java', `chat-${i}`, minute, { channel: null })),
    ];
    await java(['produce'], (await Promise.all(lines.map(hexLine))).join('\n'));
    await until('the mail', () => Promise.resolve(world.inbox.mails.length === 1));
    await world.untilRead();
    const rows = await world.rows('select used, peak_60m from reporting.usage_windows');
    expect(rows).toEqual([{ used: '1700', peak_60m: '1700' }]);

    const out = await java(['consume', 'fair-use.notifications.v1', '1']);
    const [key, hex] = out.trim().split('\t');
    const notice = typeOf('fair-use.notifications.v1').fromBuffer(
      Buffer.from(hex!, 'hex').subarray(5),
    ) as object;
    expect(key).toBe('a-java');
    expect({ ...notice }).toMatchObject({
      kind: 'THRESHOLD_WARNING',
      accountId: 'a-java',
      plan: 'pro',
      used: 1_600,
      limit: 2_000,
      level: 80,
      windowKind: 'hour',
    });
  }, 90_000);
});
