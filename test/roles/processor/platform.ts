import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import type pg from 'pg';
import { createMissingTopics } from '../../../src/kafka/createTopics.js';
import { Registry } from '../../../src/kafka/registry.js';
import { frame, schemaType } from '../../../src/kafka/schemas.js';
import type { InputTopic } from '../../../src/kafka/topics.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { Presence } from '../../../src/roles/presence.js';
import { Processor } from '../../../src/roles/processor/processor.js';
import type { Stack } from '../../../src/stack/index.js';
import { createClock } from '../../../src/support/clock.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics } from '../../../src/support/metrics.js';
import { smallPolicy } from '../../support/engineLog.js';
import { freshDatabase, ownStack, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { snapshotOf } from '../../domain/accounts/snapshots.js';

export const PARTITIONS = 8;
/** Tests run from the sources; a thread of Node's runs what was built of them. */
const READING_THREAD = new URL('../../../dist/roles/processor/reading/thread.js', import.meta.url);

/** A platform of its own: broker, registry, database, and processors of this very process. */
export class Platform {
  readonly fatal: Error[] = [];
  private readonly processors = new Map<Processor, Presence>();
  private ids = 0;

  private constructor(
    private readonly stack: Stack,
    readonly kafka: Kafka,
    readonly admin: Admin,
    private readonly producer: Producer,
    private readonly registry: Registry,
    private database: FreshDatabase,
    public pool: pg.Pool,
  ) {}

  static async start(): Promise<Platform> {
    const stack = await ownStack(['kafka', 'registry', 'postgres']);
    const kafka = new Kafka({ brokers: [stack.addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    const registry = new Registry(stack.addresses.schemaRegistryUrl);
    await createMissingTopics(kafka, { partitions: PARTITIONS, replication: 1 });
    await registry.registerMissing();
    const [admin, producer] = [kafka.admin(), kafka.producer()];
    await admin.connect();
    await producer.connect();
    const [database, pool] = await newDatabase(stack);
    return new Platform(stack, kafka, admin, producer, registry, database, pool);
  }

  /** What a command of the product finds in its environment. */
  get env(): NodeJS.ProcessEnv {
    return { DATABASE_URL: this.database.url, KAFKA_BROKERS: this.stack.addresses.kafkaBrokers };
  }

  /** Deletes a topic and makes it again, empty, of as many partitions. */
  async recreate(topic: InputTopic): Promise<void> {
    await this.admin.deleteTopics({ topics: [topic] });
    await until(async () => !(await this.admin.listTopics()).includes(topic));
    await until(async () => {
      const wanted = { topic, numPartitions: PARTITIONS };
      await this.admin.createTopics({ topics: [wanted], waitForLeaders: false }).catch(() => false);
      return (await this.admin.listTopics()).includes(topic);
    });
    await until(() =>
      this.admin.fetchTopicMetadata({ topics: [topic] }).then(
        ({ topics: [made] }) => made?.partitions.every(({ leader }) => leader >= 0) ?? false,
        () => false,
      ),
    );
  }

  /** As retention does it: nothing of a partition before the offset is there any more. */
  async deleteBefore(topic: InputTopic, partition: number, offset: number): Promise<void> {
    await this.admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  }

  async endOf(topic: InputTopic, partition: number): Promise<number> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    return Number(ends.find((end) => end.partition === partition)?.high ?? 0);
  }

  /** Begins anew in an empty database. */
  async forget(): Promise<void> {
    await this.stopAll();
    await this.pool.end();
    await this.database.drop();
    [this.database, this.pool] = await newDatabase(this.stack);
  }

  /** New connections to the same database. */
  async reconnect(): Promise<void> {
    await this.pool.end();
    this.pool = createPool(this.database.url, 8, () => undefined);
  }

  async stop(): Promise<void> {
    await this.stopAll();
    await this.producer.disconnect();
    await this.admin.disconnect();
    await this.pool.end();
    await this.stack.stop();
  }

  async processor(): Promise<Processor> {
    const presence = new Presence(this.pool);
    const processor = new Processor({
      kafka: this.kafka,
      brokers: { brokers: [this.stack.addresses.kafkaBrokers], ssl: false, sasl: null },
      registryUrl: this.stack.addresses.schemaRegistryUrl,
      threadFile: READING_THREAD,
      pool: this.pool,
      presence,
      sessionTimeoutMs: 10_000,
      policy: smallPolicy(),
      clock: createClock(),
      log: createLog('silent'),
      metrics: createMetrics(),
      cacheBytes: 1_000_000,
      onFatal: (error) => {
        this.fatal.push(error);
      },
    });
    this.processors.set(processor, presence);
    await processor.start();
    return processor;
  }

  async stopOne(processor: Processor): Promise<void> {
    const presence = this.processors.get(processor);
    this.processors.delete(processor);
    await processor.stop();
    await presence?.stop();
  }

  async stopAll(): Promise<void> {
    for (const processor of this.processors.keys()) await this.stopOne(processor);
  }

  async account(accountId: string, plan = 'pro'): Promise<void> {
    const value = snapshotOf({ accountId, plan, updatedAt: Date.now() });
    await this.send('platform.accounts.v1', [
      { key: accountId, value: await this.encode('platform.accounts.v1', value) },
    ]);
  }

  /** Chats of now, spread over all partitions whatever their account; returns the records. */
  async chats(accountId: string, count: number): Promise<void> {
    const messages = [];
    for (let n = 0; n < count; n += 1) {
      this.ids += 1;
      const value = {
        eventId: `e${this.ids}`,
        accountId,
        workspaceId: 'w1',
        botId: 'b1',
        chatId: `c${this.ids}`,
        type: 'STARTED',
        channel: null,
        occurredAt: Date.now(),
      };
      const bytes = await this.encode('platform.chats.v1', value);
      messages.push({ key: accountId, value: bytes, partition: this.ids % PARTITIONS });
      // Every tenth comes again, on another partition.
      if (n % 10 === 0)
        messages.push({ key: accountId, value: bytes, partition: (this.ids + 3) % PARTITIONS });
    }
    await this.send('platform.chats.v1', messages);
  }

  async send(
    topic: InputTopic,
    messages: { key: string | null; value: Buffer | null; partition?: number }[],
  ): Promise<void> {
    await this.producer.send({ topic, messages });
  }

  async encode(topic: InputTopic, value: unknown): Promise<Buffer> {
    return frame((await this.registry.idOf(topic)) ?? -1, schemaType(topic).toBuffer(value));
  }

  /** Waits until every record of the log is counted. */
  async counted(): Promise<void> {
    const topics = (await this.admin.listTopics()).filter((topic) => topic.startsWith('platform.'));
    const ends = new Map<string, number>();
    for (const topic of topics) {
      for (const { partition, high, low } of await this.admin.fetchTopicOffsets(topic)) {
        if (Number(high) > Number(low)) ends.set(`${topic}/${partition}`, Number(high));
      }
    }
    await until(async () => {
      const { rows } = await this.pool.query<{ topic: string; partition: number; next_offset: number }>(
        'select * from reporting.progress',
      );
      const next = new Map(rows.map((r) => [`${r.topic}/${r.partition}`, r.next_offset]));
      return this.fatal.length > 0 || [...ends].every(([key, end]) => next.get(key) === end);
    }, 60_000);
    if (this.fatal[0] !== undefined) throw this.fatal[0];
  }

  /** Chats counted, by account. */
  async used(): Promise<Record<string, number>> {
    const { rows } = await this.pool.query<{ account_id: string; used: string }>(
      `select account_id, sum(used)::int8 as used from reporting.usage_windows
       where rule = 'chats-per-hour' group by 1`,
    );
    return Object.fromEntries(rows.map((row) => [row.account_id, Number(row.used)]));
  }
}

async function newDatabase(stack: Stack): Promise<[FreshDatabase, pg.Pool]> {
  const database = await freshDatabase('processor', stack.addresses.databaseUrl);
  await migrateDatabase(database.url);
  return [database, createPool(database.url, 8, () => undefined)];
}
