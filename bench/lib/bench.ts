import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { Registry } from '../../src/kafka/registry.js';
import { INPUT_TOPICS, type InputTopic } from '../../src/kafka/topics.js';
import { startStack, type Stack } from '../../src/stack/index.js';
import { Databases } from './databases.js';
import { Engine } from './engine.js';
import { fill, snapshots, type Snapshots } from './fill.js';
import { cpuOf, cpuOfTree } from './proc.js';
import { until } from './until.js';

const ACCOUNTS = 'platform.accounts.v1';
const DELETED_WITHIN_MS = 30_000;

/** CPU-seconds that the servers have used so far. */
export interface ServersCpu {
  readonly broker: number;
  readonly postgres: number;
  readonly registry: number;
}

/** The servers of a bench: real ones, in a folder of their own, durable. */
export class Bench {
  readonly databases: Databases;
  private accounts = 0;

  private constructor(
    readonly stack: Stack,
    readonly kafka: Kafka,
    readonly registry: Registry,
    readonly folder: string,
  ) {
    this.databases = new Databases(stack, join(folder, 'postgres', 'data'));
  }

  static async start(): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), 'fair-use-bench-'));
    chmodSync(folder, 0o711);
    const stack = await startStack({
      dataDir: folder,
      libDir: resolve('.data/lib'),
      external: {},
      ports: 'free',
      parts: ['postgres', 'kafka', 'registry'],
      onProgress: () => undefined,
    });
    const kafka = new Kafka({ brokers: [stack.addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    const bench = new Bench(stack, kafka, new Registry(stack.addresses.schemaRegistryUrl), folder);
    await bench.databases.tune();
    return bench;
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  env(database: string): NodeJS.ProcessEnv {
    return {
      KAFKA_BROKERS: this.stack.addresses.kafkaBrokers,
      SCHEMA_REGISTRY_URL: this.stack.addresses.schemaRegistryUrl,
      DATABASE_URL: this.databases.url(database),
    };
  }

  /** Creates what is missing of schema, topics and subjects. */
  migrate(database: string, env: NodeJS.ProcessEnv = {}): void {
    const { status, stderr } = spawnSync(process.execPath, [resolve('dist/main.js'), 'migrate'], {
      env: { ...process.env, NODE_OPTIONS: '', ...this.env(database), ...env, LOG_LEVEL: 'warn' },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`migrate: ${stderr}`);
  }

  async schemaId(topic: InputTopic): Promise<number> {
    const id = await this.registry.idOf(topic);
    if (id === null) throw new Error(`${topic} has no schema`);
    return id;
  }

  /** Publishes the accounts in topics that hold nothing else; databases that knew others are of no use any more. */
  async publishAccounts(name: string, accounts: Snapshots): Promise<void> {
    await this.databases.create(name);
    await this.emptyTopics();
    this.migrate(name);
    const schemaId = await this.schemaId(ACCOUNTS);
    this.accounts = await fill(this.kafka, ACCOUNTS, schemaId, snapshots(accounts, Date.now()));
  }

  /** Has a database know the accounts and count nothing, to be copied for each run; other `env`, other databases. */
  async learnAccounts(name: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const sent = this.accounts;
    const engine = await Engine.start({
      env: { ...this.env(name), ...env },
      roles: ['processor'],
      folder: this.folder,
    });
    const db = new pg.Pool({ connectionString: this.databases.url(name), max: 1 });
    try {
      await until('the accounts are known', async () => {
        engine.assertRunning();
        return (await readSoFar(db, ACCOUNTS)) === sent;
      });
    } finally {
      await db.end();
      await engine.end('SIGTERM');
    }
    return name;
  }

  /** Deletes topics, so that they begin at offset 0 again; `migrate` makes them. */
  async emptyTopics(topics: readonly string[] = INPUT_TOPICS): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const there = new Set(await admin.listTopics());
      const old = topics.filter((topic) => there.has(topic));
      if (old.length > 0) await admin.deleteTopics({ topics: [...old] });
      await until(
        'the topics are gone',
        async () => (await admin.listTopics()).every((topic) => !old.includes(topic)),
        { withinMs: DELETED_WITHIN_MS, everyMs: 100 },
      );
    } finally {
      await admin.disconnect();
    }
  }

  /** Creates a topic of eight partitions that keeps the producers' timestamps; `migrate` leaves it as it is. */
  async createWithProducerTime(topic: string): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }];
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: 8, replicationFactor: 1, configEntries }],
      });
    } finally {
      await admin.disconnect();
    }
  }

  cpu(): ServersCpu {
    const { kafka, postgres, registry } = this.stack.parts;
    return {
      broker: cpuOf(kafka?.pid ?? 0),
      postgres: cpuOfTree(postgres?.pid ?? 0),
      registry: cpuOf(registry?.pid ?? 0),
    };
  }
}

/** How many records of the topics the database has counted. */
export async function readSoFar(db: pg.Pool, ...topics: readonly InputTopic[]): Promise<number> {
  const { rows } = await db.query<{ n: string | null }>(
    'select sum(next_offset) as n from input_offsets where topic = any($1::text[])',
    [topics],
  );
  return Number(rows[0]?.n ?? 0);
}
