import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { choosePorts } from '../../src/stack/ports.js';
import type { Stack } from '../../src/stack/index.js';
import { ownStack } from '../support/stack.js';
import { startInbox, type Inbox } from './inbox.js';

const MAIN = resolve('dist/main.js');

/** Waits until `look` gives something, or fails with `what` after the time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined | null>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined && found !== null) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await sleep(50);
  }
}

export interface EngineProcess {
  readonly url: string;
  readonly child: ChildProcess;
  log(): string;
  /** Sends the signal and waits for the end; returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** The product from outside: real servers, `node dist/main.js …` as processes, a mailbox. */
export class World {
  private readonly engines: EngineProcess[] = [];

  private constructor(
    readonly stack: Stack,
    readonly inbox: Inbox,
    readonly kafka: Kafka,
    readonly db: pg.Pool,
    private readonly folder: string,
  ) {}

  static async start(): Promise<World> {
    const [stack, inbox] = await Promise.all([ownStack(['kafka', 'registry', 'postgres']), startInbox()]);
    const kafka = new Kafka({ brokers: [stack.addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    const db = new pg.Pool({ connectionString: stack.addresses.databaseUrl, max: 4 });
    db.on('error', () => undefined);
    return new World(stack, inbox, kafka, db, mkdtempSync(join(tmpdir(), 'fair-use-e2e-')));
  }

  get env(): NodeJS.ProcessEnv {
    const { addresses } = this.stack;
    return {
      ...process.env,
      NODE_OPTIONS: '',
      KAFKA_BROKERS: addresses.kafkaBrokers,
      SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
      DATABASE_URL: addresses.databaseUrl,
      SMTP_URL: this.inbox.url,
      MAIL_FROM: 'Fair Use <fair-use@platform.example>',
      MAIL_REPLY_TO: 'support@platform.example',
    };
  }

  /** Starts `serve` and waits until it is ready. */
  async serve(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<EngineProcess> {
    const { http: port = 0 } = await choosePorts({ http: 0 });
    const file = join(this.folder, `engine-${port}.log`);
    const out = openSync(file, 'a');
    const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
      env: { ...this.env, HTTP_PORT: String(port), ...env },
      stdio: ['ignore', out, out, 'ipc'],
    });
    closeSync(out);
    const engine: EngineProcess = {
      url: `http://127.0.0.1:${port}`,
      child,
      log: () => readFileSync(file, 'utf8'),
      end: async (signal) => {
        if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
        const ended = once(child, 'exit');
        child.kill(signal);
        await ended;
        return child.exitCode;
      },
    };
    this.engines.push(engine);
    await until(
      `ready: ${file}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`the engine ended: ${engine.log()}`);
        return fetch(`${engine.url}/readyz`).then(
          (r) => r.ok,
          () => false,
        );
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${engine.log()}`);
    });
    return engine;
  }

  /** Runs a command of the product with lines on standard input; returns its exit code and output. */
  async command(
    args: readonly string[],
    input = '',
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [MAIN, ...args], { env: this.env, stdio: 'pipe' });
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    child.stdin.end(input);
    await once(child, 'close');
    return { code: child.exitCode, out: Buffer.concat(out!).toString(), err: Buffer.concat(err!).toString() };
  }

  /** Publishes with the product's own command; every line must go out. */
  async publish(lines: readonly { topic: string; value: unknown; key?: string }[]): Promise<void> {
    const { code, err } = await this.command(
      ['publish', '-'],
      lines.map((line) => JSON.stringify(line)).join('\n'),
    );
    if (code !== 0) throw new Error(`publish failed: ${err}`);
  }

  async rows<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.db.query<T>(sql, values)).rows;
  }

  /** Waits until everything in the input topics has been read. */
  async untilRead(): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      await until(
        'all input read',
        async () => {
          const rows = await this.rows<{ topic: string; partition: number; next_offset: string }>(
            'select topic, partition, next_offset from reporting.progress',
          );
          const next = new Map(rows.map((r) => [`${r.topic}/${r.partition}`, Number(r.next_offset)]));
          for (const topic of ['accounts', 'chats', 'sessions', 'tickets', 'uploads', 'replies']) {
            const name = `platform.${topic}.v1`;
            for (const { partition, high } of await admin.fetchTopicOffsets(name)) {
              if (Number(high) > 0 && next.get(`${name}/${partition}`) !== Number(high)) return false;
            }
          }
          return true;
        },
        60_000,
      );
    } finally {
      await admin.disconnect();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.end('SIGTERM')));
    await this.db.end();
    await this.inbox.close();
    await this.stack.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
