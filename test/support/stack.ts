import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { quietRequestQueues } from '../../src/support/quietQueue.js';
import { startStack, type Part, type Stack, type StackOptions } from '../../src/stack/index.js';

// Tests make clients of their own: a client that looks for work for ever, even disconnected, keeps a test from ending.
quietRequestQueues();

/** Where downloaded servers lie; shared with `npm start`. */
export const LIB_DIR = resolve('.data/lib');

/** Addresses of the servers that all tests of this run share. */
export interface TestStack {
  kafkaBrokers: string;
  schemaRegistryUrl: string;
  /** Superuser, database `postgres`: make your own with `freshDatabase`. */
  databaseUrl: string;
}

function address(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: the global setup starts no servers for these tests`);
  }
  return value;
}

/** The servers of this run. Others use them too: take topics, subjects and databases of your own names. */
export function testStack(): TestStack {
  return {
    kafkaBrokers: address('TEST_KAFKA_BROKERS'),
    schemaRegistryUrl: address('TEST_SCHEMA_REGISTRY_URL'),
    databaseUrl: address('TEST_DATABASE_URL'),
  };
}

/** A name that nobody else has, for topics, groups and subjects. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

async function asSuperuser(url: string, statement: (client: pg.Client) => string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement(client));
  } finally {
    await client.end();
  }
}

export interface FreshDatabase {
  url: string;
  /** Removes it, with connections that are still open. */
  drop(): Promise<void>;
}

/**
 * An empty database on the shared Postgres (or on the server of the given URL).
 * @param name a word that helps to find it; made unique here
 */
export async function freshDatabase(name: string, server = testStack().databaseUrl): Promise<FreshDatabase> {
  const unique = uniqueName(name).replaceAll('-', '_').toLowerCase();
  await asSuperuser(server, (client) => `create database ${client.escapeIdentifier(unique)}`);
  const url = new URL(server);
  url.pathname = `/${unique}`;
  return {
    url: url.href,
    drop: () =>
      asSuperuser(
        server,
        (client) => `drop database if exists ${client.escapeIdentifier(unique)} with (force)`,
      ),
  };
}

/** A temporary folder that a server of another user may pass through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-test-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Servers of one test file alone, on free ports in a folder of their own; `stop` removes the folder. */
export async function ownStack(
  parts: readonly Part[],
  more: Pick<StackOptions, 'brokerDetour'> = {},
): Promise<Stack> {
  const dataDir = temporaryFolder();
  const remove = () => {
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const stack = await startStack({
      dataDir,
      libDir: LIB_DIR,
      external: {},
      ports: 'free',
      durable: false,
      parts,
      onProgress: () => undefined,
      ...more,
    });
    return { ...stack, stop: () => stack.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
