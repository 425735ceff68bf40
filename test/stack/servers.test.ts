import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { createTransport } from 'nodemailer';
import { ALL_PARTS, startStack, type ProgressEvent, type Stack } from '../../src/stack/index.js';
import { identify, isAlive } from '../../src/stack/processes.js';
import { LIB_DIR, temporaryFolder } from '../support/stack.js';

// Real servers and JVMs on a machine that may be busy with other things.
jest.setTimeout(90_000);

const TOPIC = 'kept';
const dataDir = temporaryFolder();
const events: ProgressEvent[] = [];
let stack: Stack;
let schemaId: number;

function start(): Promise<Stack> {
  return startStack({
    dataDir,
    libDir: LIB_DIR,
    external: {},
    ports: 'free',
    durable: false,
    parts: ALL_PARTS,
    onProgress: (event) => events.push(event),
  });
}

async function query<T extends pg.QueryResultRow>(text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: stack.addresses.databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

function broker(): Kafka {
  return new Kafka({ brokers: [stack.addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
}

async function register(): Promise<number> {
  const response = await fetch(`${stack.addresses.schemaRegistryUrl}/subjects/${TOPIC}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: '"string"' }),
  });
  return ((await response.json()) as { id: number }).id;
}

async function sendMail(subject: string): Promise<void> {
  const transport = createTransport(stack.addresses.smtpUrl);
  await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', subject, text: 'x' });
  transport.close();
}

async function inboxSubjects(): Promise<string[]> {
  const response = await fetch(`${stack.addresses.inboxUrl!}/api/email`);
  return ((await response.json()) as { subject: string }[]).map(({ subject }) => subject);
}

beforeAll(async () => {
  stack = await start();
}, 120_000);

afterAll(async () => {
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

describe('the embedded servers', () => {
  it('say name, version and address while they come up', () => {
    const ready = events
      .filter(({ state }) => state === 'ready')
      .map(({ title, text }) => `${title}: ${text}`);
    expect(ready.sort()).toEqual([
      expect.stringMatching(/^Apache Kafka 4\.\d+\.\d+: 127\.0\.0\.1:\d+ \(after [\d.]+ s\)$/),
      expect.stringMatching(/^Apicurio Registry 3\.\d+\.\d+: http:\/\/127\.0\.0\.1:\d+\/apis\/ccompat\/v7 /),
      expect.stringMatching(
        /^MailDev 3\.\d+\.\d+: smtp:\/\/127\.0\.0\.1:\d+, page http:\/\/127\.0\.0\.1:\d+ /,
      ),
      expect.stringMatching(/^PostgreSQL 18\.\d+: postgres:\/\/.*\/fairuse /),
    ]);
  });

  it('listen on this machine alone', () => {
    const pids = Object.values(stack.parts).map(({ pid }) => pid!);
    expect(pids).toHaveLength(4);
    for (const { ports } of Object.values(stack.parts)) {
      for (const port of Object.values(ports))
        expect(listeners(port)).toEqual([expect.stringMatching(LOOPBACK)]);
    }
  });

  it('keep a topic, a schema id, a table and a mail over a restart on other ports', async () => {
    const admin = broker().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 5 }], waitForLeaders: true });
    await admin.disconnect();
    schemaId = await register();
    await query('create table kept as select 42 as x');
    await sendMail('kept');
    const before = stack.addresses;
    const processes = Object.values(stack.parts).map(({ pid }) => identify(pid!)!);

    await stack.stop();
    expect(processes.filter(isAlive)).toEqual([]);
    stack = await start();

    expect(stack.addresses.kafkaBrokers).not.toBe(before.kafkaBrokers);
    const again = broker().admin();
    await again.connect();
    const { topics } = await again.fetchTopicMetadata({ topics: [TOPIC] });
    await again.disconnect();
    expect(topics[0]!.partitions).toHaveLength(5);
    expect(await register()).toBe(schemaId);
    expect(await query('select x from kept')).toEqual([{ x: 42 }]);
    expect(await inboxSubjects()).toEqual(['kept']);
  }, 90_000);

  it('lose nothing when one is killed, and come back on the same port', async () => {
    const { registry, postgres } = stack.parts;
    const ports = [registry!.ports, postgres!.ports];
    await query('create table fresh as select 1 as x');
    const response = await fetch(`${stack.addresses.schemaRegistryUrl}/subjects/late-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: '"long"' }),
    });
    const { id } = (await response.json()) as { id: number };
    await Promise.all([registry!.kill('SIGKILL'), postgres!.kill('SIGKILL')]);
    expect([registry!.pid, postgres!.pid]).toEqual([null, null]);
    await expect(query('select 1')).rejects.toThrow(/ECONNREFUSED/);

    await Promise.all([registry!.start(), postgres!.start()]);
    expect([registry!.ports, postgres!.ports]).toEqual(ports);
    expect(await query('select x from fresh')).toEqual([{ x: 1 }]);
    const schema = await fetch(`${stack.addresses.schemaRegistryUrl}/schemas/ids/${id}`);
    expect(await schema.json()).toMatchObject({ schema: '"long"' });
  }, 60_000);

  it('say so when one ends by itself', async () => {
    events.length = 0;
    const { inbox } = stack.parts;
    process.kill(inbox!.pid!, 'SIGKILL');
    while (inbox!.pid !== null) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual([expect.objectContaining({ part: 'inbox', state: 'died' })]);
    await inbox!.start();
    expect(await inboxSubjects()).toEqual(expect.any(Array));
  });
});

describe('a start that is given up', () => {
  it('ends what is up already and frees the folder', async () => {
    const folder = temporaryFolder();
    const giveUp = new AbortController();
    const states: string[] = [];
    const coming = startStack({
      dataDir: folder,
      libDir: LIB_DIR,
      external: {},
      ports: 'free',
      durable: false,
      parts: ['postgres', 'registry'],
      signal: giveUp.signal,
      onProgress: ({ part, state }) => {
        states.push(`${part} ${state}`);
        if (state === 'ready') giveUp.abort(new Error('enough'));
      },
    });
    await expect(coming).rejects.toThrow('enough');
    expect(states).toContain('postgres stopped');
    expect(states).not.toContain('registry ready');
    expect(readdirSync(folder)).not.toContain('stack.lock');
    rmSync(folder, { recursive: true });
  });
});

describe('addresses and ports', () => {
  it('that were given replace the embedded part', async () => {
    const folder = temporaryFolder();
    const given = await startStack({
      dataDir: folder,
      libDir: LIB_DIR,
      external: { ...stack.addresses, databaseUrl: stack.addresses.databaseUrl },
      onProgress: () => undefined,
    });
    expect(given.addresses).toEqual({ ...stack.addresses, inboxUrl: null });
    expect(given.parts).toEqual({});
    await given.stop();
    rmSync(folder, { recursive: true });
  });

  it('fall back to free ones where somebody has the default', async () => {
    const squatter = createServer();
    // Where somebody has it already the port is as taken as it should be.
    await new Promise<void>((resolve) => {
      squatter.once('error', () => {
        resolve();
      });
      squatter.listen(1025, '127.0.0.1', resolve);
    });
    const folder = temporaryFolder();
    const said: string[] = [];
    const other = await startStack({
      dataDir: folder,
      libDir: LIB_DIR,
      external: {},
      parts: ['inbox'],
      onProgress: ({ text }) => said.push(text),
    });
    expect(other.parts.inbox!.ports['smtp']).not.toBe(1025);
    expect(other.addresses.smtpUrl).toBe(`smtp://127.0.0.1:${other.parts.inbox!.ports['smtp']!}`);
    expect(said.at(-1)).toMatch(/; port 1025( and 1080)? was taken$/);
    await other.stop();
    await new Promise((resolve) => squatter.close(resolve));
    rmSync(folder, { recursive: true });
  });
});

const LOOPBACK = /^(0100007F|0000000000000000FFFF00000100007F)$/;

/** Addresses, as the kernel writes them, on which something listens at this port; only Linux tells. */
function listeners(port: number): string[] {
  if (process.platform !== 'linux') return ['0100007F'];
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(join('/proc/net', table), 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hex}`))
      .map(([, local]) => local!.split(':')[0]!),
  );
}
