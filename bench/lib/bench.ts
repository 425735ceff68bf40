import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { Registry } from '../../src/kafka/registry.js';
import type { InputTopic } from '../../src/kafka/topics.js';
import { startStack, type Stack } from '../../src/stack/index.js';
import { Engine } from './engine.js';
import { fill, snapshots } from './fill.js';
import { cpuOf, cpuOfTree } from './proc.js';
import { until } from './until.js';

/** As the peer's Postgres is set; fsync and synchronous_commit stay on. */
const POSTGRES_SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
  wal_buffers: '16MB',
  jit: 'off',
};
const BASE = 'bench_base';

export interface Cpu {
  readonly broker: number;
  readonly postgres: number;
}

/** The servers of a bench: real ones, in a folder of their own, durable. */
export class Bench {
  private databases = 0;

  private constructor(
    readonly stack: Stack,
    readonly kafka: Kafka,
    readonly registry: Registry,
    readonly folder: string,
  ) {}

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
    await bench.tunePostgres();
    await bench.asSuperuser(`create database ${BASE}`);
    bench.command(['migrate'], BASE);
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
      DATABASE_URL: this.databaseUrl(database),
    };
  }

  databaseUrl(database: string): string {
    const url = new URL(this.stack.addresses.databaseUrl);
    url.pathname = `/${database}`;
    return url.href;
  }

  async schemaId(topic: InputTopic): Promise<number> {
    const id = await this.registry.idOf(topic);
    if (id === null) throw new Error(`${topic} has no schema`);
    return id;
  }

  /** Publishes the accounts and has them taken in, so that every run begins with a directory and no counts. */
  async takeAccounts(names: readonly string[], plan: string): Promise<void> {
    const topic = 'platform.accounts.v1';
    const sent = await fill(
      this.kafka,
      topic,
      await this.schemaId(topic),
      snapshots(names, plan, Date.now()),
    );
    const engine = await Engine.start({ env: this.env(BASE), roles: ['processor'], folder: this.folder });
    const db = new pg.Pool({ connectionString: this.databaseUrl(BASE), max: 1 });
    await until('the accounts are known', async () => {
      engine.assertRunning();
      return (await readSoFar(db, topic)) === sent;
    });
    await db.end();
    await engine.end('SIGTERM');
  }

  /** A database with the accounts and nothing counted. */
  async freshDatabase(): Promise<string> {
    this.databases += 1;
    const name = `bench_${this.databases}`;
    await this.asSuperuser(`create database ${name} template ${BASE}`);
    await this.asSuperuser('checkpoint');
    return name;
  }

  async dropDatabase(name: string): Promise<void> {
    await this.asSuperuser(`drop database ${name} with (force)`);
  }

  cpu(): Cpu {
    const { kafka, postgres } = this.stack.parts;
    return { broker: cpuOf(kafka?.pid ?? 0), postgres: cpuOfTree(postgres?.pid ?? 0) };
  }

  private command(args: readonly string[], database: string): void {
    const { status, stderr } = spawnSync(process.execPath, [resolve('dist/main.js'), ...args], {
      env: { ...process.env, NODE_OPTIONS: '', ...this.env(database), LOG_LEVEL: 'warn' },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  }

  private async tunePostgres(): Promise<void> {
    for (const [name, value] of Object.entries(POSTGRES_SETTINGS)) {
      await this.asSuperuser(`alter system set ${name} = '${value}'`);
    }
    await this.stack.parts.postgres?.stop();
    await this.stack.parts.postgres?.start();
  }

  private async asSuperuser(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl('postgres') });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

/** How many records of a topic the database has counted. */
export async function readSoFar(db: pg.Pool, topic: InputTopic): Promise<number> {
  const { rows } = await db.query<{ n: string | null }>(
    'select sum(next_offset) as n from input_offsets where topic = $1',
    [topic],
  );
  return Number(rows[0]?.n ?? 0);
}
