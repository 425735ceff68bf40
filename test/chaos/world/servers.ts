import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { freePort } from '../../../src/stack/ports.js';
import type { Stack } from '../../../src/stack/index.js';
import { scriptedServer, type ScriptedServer } from '../../mail/scriptedServer.js';
import { ownStack } from '../../support/stack.js';
import { Proxy } from './proxy.js';

/** The real servers, each behind a proxy for the engine, and reached directly by the harness. */
export class Servers {
  private constructor(
    readonly stack: Stack,
    readonly smtp: ScriptedServer,
    /** What the engine's connections pass through. */
    readonly net: Readonly<Record<'kafka' | 'registry' | 'postgres' | 'smtp', Proxy>>,
    readonly kafka: Kafka,
    readonly db: pg.Pool,
  ) {}

  static async start(): Promise<Servers> {
    const smtp = await scriptedServer();
    const detour = await freePort();
    const kafkaProxy = await Proxy.start(() => detour);
    const stack = await ownStack(['kafka', 'registry', 'postgres'], {
      brokerDetour: { listen: detour, advertise: kafkaProxy.port },
    });
    const portOf = (url: string): number => Number(new URL(url).port);
    const net = {
      kafka: kafkaProxy,
      registry: await Proxy.start(() => portOf(stack.addresses.schemaRegistryUrl)),
      postgres: await Proxy.start(() => portOf(stack.addresses.databaseUrl)),
      smtp: await Proxy.start(() => smtp.port),
    };
    const kafka = new Kafka({
      brokers: [stack.addresses.kafkaBrokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 12, maxRetryTime: 2_000 },
    });
    const db = new pg.Pool({ connectionString: stack.addresses.databaseUrl, max: 4 });
    db.on('error', () => undefined);
    return new Servers(stack, smtp, net, kafka, db);
  }

  /** The environment of an engine process: every address leads through a proxy. */
  env(databaseUrl = this.stack.addresses.databaseUrl): NodeJS.ProcessEnv {
    const through = (url: string, proxy: Proxy): string => {
      const changed = new URL(url);
      changed.port = String(proxy.port);
      return changed.href;
    };
    const { schemaRegistryUrl } = this.stack.addresses;
    return {
      ...process.env,
      NODE_OPTIONS: '',
      HTTP_PORT: '0',
      KAFKA_BROKERS: `127.0.0.1:${this.net.kafka.port}`,
      SCHEMA_REGISTRY_URL: through(schemaRegistryUrl, this.net.registry),
      DATABASE_URL: through(databaseUrl, this.net.postgres),
      SMTP_URL: `smtp://127.0.0.1:${this.net.smtp.port}`,
      MAIL_FROM: 'Fair Use <fair-use@platform.example>',
    };
  }

  async rows<T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.db.query<T>(sql, values)).rows;
  }

  /** Good weather everywhere. */
  calm(): void {
    for (const proxy of Object.values(this.net)) proxy.set({ kind: 'fair' });
    this.smtp.script('accept');
    this.smtp.release();
  }

  async stop(): Promise<void> {
    await Promise.allSettled(Object.values(this.net).map((proxy) => proxy.stop()));
    await Promise.allSettled([this.smtp.stop(), this.db.end()]);
    await this.stack.stop();
  }
}
