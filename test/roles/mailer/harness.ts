import { createHash, randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import type pg from 'pg';
import type { AccountSnapshot, Contact } from '../../../src/domain/accounts/snapshot.js';
import { Registry } from '../../../src/kafka/registry.js';
import { frame, schemaText, schemaType } from '../../../src/kafka/schemas.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import type { NoticeRow } from '../../../src/postgres/deliveries/notices.js';
import { createPool } from '../../../src/postgres/pool.js';
import { createMailer, type Mailer } from '../../../src/roles/mailer/mailer.js';
import { Presence } from '../../../src/roles/presence.js';
import type { MailerOptions } from '../../../src/roles/mailer/options.js';
import type { Clock } from '../../../src/support/clock.js';
import { createLog } from '../../../src/support/log.js';
import { createMetrics, type Metrics } from '../../../src/support/metrics.js';
import { scriptedServer, type ScriptedServer } from '../../mail/scriptedServer.js';
import { freshDatabase, testStack, uniqueName } from '../../support/stack.js';

export const TOPIC = 'fair-use.notifications.v1';
const HOUR = 3_600_000;
/** Business time of these tests, in the middle of an hour. */
export const NOW = Date.UTC(2026, 4, 20, 9, 42);
const HOUR_START = Date.UTC(2026, 4, 20, 9);

export interface Notification {
  readonly notificationId: string;
  readonly accountId: string;
  readonly [field: string]: unknown;
}

export interface DeliveryView {
  readonly recipient: string;
  readonly status: string;
  readonly reason: string | null;
  readonly messageId: string | null;
  readonly attempts: number;
  readonly sentAt: number | null;
}

export const contact = (email: string, fields: Partial<Contact> = {}): Contact => ({
  name: email.split('@')[0] ?? '',
  email,
  role: 'OWNER',
  locale: null,
  notify: true,
  ...fields,
});

/** A database, a mail server and mailers of one test file on the servers of the run. */
export class Harness {
  readonly failedNotices: NoticeRow[] = [];
  readonly metrics: Metrics = createMetrics();
  readonly clock: { nowMs: number } & Clock = {
    nowMs: NOW,
    shiftMs: 0,
    now() {
      return this.nowMs;
    },
  };
  private readonly mailers: Mailer[] = [];
  private readonly presences: Presence[] = [];

  private constructor(
    readonly pool: pg.Pool,
    readonly smtp: ScriptedServer,
    readonly kafka: Kafka,
    readonly registry: Registry,
    private readonly producer: Producer,
    private readonly schemaId: number,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  static async open(): Promise<Harness> {
    const database = await freshDatabase('mailer');
    await migrateDatabase(database.url);
    const pool = createPool(database.url, 12, () => undefined);
    const { kafkaBrokers, schemaRegistryUrl } = testStack();
    const registry = new Registry(schemaRegistryUrl);
    const schemaId = await registerSchema(schemaRegistryUrl);
    const kafka = new Kafka({ brokers: [kafkaBrokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 4 }], waitForLeaders: true });
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    const smtp = await scriptedServer();
    return new Harness(pool, smtp, kafka, registry, producer, schemaId, () => database.drop());
  }

  async close(): Promise<void> {
    await this.stopMailers();
    await this.producer.disconnect();
    await this.smtp.stop();
    await this.pool.end();
    await this.dropDatabase();
  }

  async stopMailers(): Promise<void> {
    await Promise.all(this.mailers.splice(0).map((mailer) => mailer.stop()));
    await Promise.all(this.presences.splice(0).map((presence) => presence.stop()));
  }

  /** Starts a mailer that retries soon; a group of its own unless one is given. */
  async start(options: Partial<MailerOptions> = {}): Promise<Mailer> {
    const presence = new Presence(this.pool);
    this.presences.push(presence);
    const mailer = createMailer({
      kafka: this.kafka,
      registry: this.registry,
      pool: this.pool,
      presence,
      sessionTimeoutMs: 10_000,
      clock: this.clock,
      smtp: { url: this.smtp.url, from: 'Fair Use <fair-use@example.com>', replyTo: null, requireTls: false },
      log: createLog('silent'),
      metrics: this.metrics,
      groupId: uniqueName('mailer'),
      onNoticeFailed: (_tx, notice) => {
        this.failedNotices.push(notice);
        return Promise.resolve();
      },
      ...options,
      timing: {
        pollMs: 30,
        sweepMs: 50,
        backoff: { firstMs: 60, maxMs: 100, giveUpAfterMs: 60_000 },
        smtp: { connectionMs: 1_000, greetingMs: 1_000, socketMs: 2_000, attemptMs: 5_000 },
        ...options.timing,
      },
    });
    this.mailers.push(mailer);
    await mailer.start();
    return mailer;
  }

  /** An account with its notice in the database, as the processor leaves them; not published yet. */
  async notice(
    contacts: readonly Contact[],
    fields: Record<string, unknown> = {},
    account: Partial<AccountSnapshot> = {},
  ): Promise<Notification> {
    const accountId = `account-${randomUUID()}`;
    const notification: Notification = { ...template(accountId), ...fields };
    const snapshot = { ...accountTemplate(accountId), contacts, ...account };
    await this.pool.query('insert into account_heads values ($1, 0)', [accountId]);
    await this.pool.query(
      `insert into accounts (account_id, revision, updated_at, status, plan, snapshot, history, calendar)
       values ($1, 1, now(), $2, 'pro', $3, '[]', '{}')`,
      [accountId, snapshot.status, JSON.stringify(snapshot)],
    );
    const at = (name: string): string | null => {
      const value = notification[name];
      return typeof value === 'number' ? new Date(value).toISOString() : null;
    };
    await this.pool.query(
      `insert into notifications (account_id, notification_id, kind, rule, workspace_id, window_kind, window_start,
         window_end, level, limit_value, generation, status, created_at, record)
       values ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, 0, 'PENDING', $10, $11)`,
      [
        accountId,
        notification.notificationId,
        notification['kind'],
        notification['rule'],
        notification['windowKind'],
        at('windowStart'),
        at('windowEnd'),
        notification['level'],
        notification['limit'],
        at('detectedAt'),
        JSON.stringify(notification),
      ],
    );
    return notification;
  }

  /** Publishes the record of a notice, as the relay does. */
  async publish(...notifications: readonly Notification[]): Promise<void> {
    await this.publishRaw(
      ...notifications.map((value) => ({
        key: value.accountId,
        value: frame(this.schemaId, schemaType(TOPIC).toBuffer(value)),
      })),
    );
  }

  async publishRaw(...messages: readonly { key: string; value: Buffer | null }[]): Promise<void> {
    await this.producer.send({ topic: TOPIC, messages: [...messages] });
  }

  async statusOf({ notificationId }: Notification): Promise<{ status: string; reason: string | null }> {
    const { rows } = await this.pool.query<{ status: string; reason: string | null }>(
      'select status, reason from reporting.notifications where notification_id = $1',
      [notificationId],
    );
    return rows[0]!;
  }

  async deliveriesOf({ notificationId }: Notification): Promise<DeliveryView[]> {
    const { rows } = await this.pool.query<DeliveryView>(
      `select recipient, status, reason, message_id as "messageId", attempts, sent_at as "sentAt"
       from reporting.deliveries where notification_id = $1 order by recipient`,
      [notificationId],
    );
    return rows;
  }

  async versionOf({ accountId }: Notification): Promise<number> {
    const { rows } = await this.pool.query<{ version: number }>(
      'select version from account_heads where account_id = $1',
      [accountId],
    );
    return rows[0]!.version;
  }

  /** Waits until the notice has that status, and gives it with its reason. */
  async settled(
    notification: Notification,
    status: string,
  ): Promise<{ status: string; reason: string | null }> {
    await until(
      async () => (await this.statusOf(notification)).status === status,
      async () => JSON.stringify([await this.statusOf(notification), await this.deliveriesOf(notification)]),
    );
    return this.statusOf(notification);
  }

  /** Waits until the notice has `count` deliveries and none of them is open. */
  async allSettled(notification: Notification, count: number): Promise<void> {
    await until(async () => {
      const deliveries = await this.deliveriesOf(notification);
      return deliveries.length === count && deliveries.every(({ status }) => !/PENDING|SENDING/.test(status));
    });
  }

  /** Waits until a notice published after everything else was mailed: what came before it was looked at too. */
  async everythingBeforeIsDone(): Promise<void> {
    const marker = await this.notice([contact('marker@example.com')]);
    await this.publish(marker);
    await this.settled(marker, 'SENT');
  }

  /** How many attempts ended in that way, as the metrics say. */
  async attemptsEnded(outcome: string): Promise<number> {
    const { values } = await this.metrics.deliveries.get();
    return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  }

  /** Mails that the server took, for one recipient. */
  acceptedFor(address: string): Buffer[] {
    return this.smtp.accepted.filter(({ to }) => to.includes(address)).map(({ raw }) => raw);
  }

  receivedFor(address: string): Buffer[] {
    return this.smtp.received.filter(({ to }) => to.includes(address)).map(({ raw }) => raw);
  }
}

/** Registers the topic's schema and nothing else: files that run at the same time do it too. */
async function registerSchema(host: string): Promise<number> {
  const response = await fetch(`${host}/subjects/${TOPIC}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: schemaText(TOPIC) }),
  });
  return ((await response.json()) as { id: number }).id;
}

/** Waits for a condition; tells what was there instead when it does not come. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  describe: () => string | Promise<string> = () => 'nothing more is known',
): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${await describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** An address that no other test uses. */
export const unique = (name: string): string => `${name}-${randomUUID()}@example.com`;

export const digest = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex');

function template(accountId: string): Notification {
  return {
    notificationId: randomUUID(),
    kind: 'THRESHOLD_WARNING',
    accountId,
    workspaceId: null,
    plan: 'pro',
    policyVersion: '2021-10-19',
    rule: 'chats-per-hour',
    metric: 'chats',
    windowKind: 'hour',
    windowStart: HOUR_START,
    windowEnd: HOUR_START + HOUR,
    used: 1_600,
    limit: 2_000,
    level: 80,
    causeEventId: 'event-1',
    occurredAt: NOW - 60_000,
    detectedAt: NOW,
  };
}

function accountTemplate(accountId: string): AccountSnapshot {
  return {
    accountId,
    revision: 1,
    updatedAt: 0,
    status: 'ACTIVE',
    plan: 'pro',
    isDeal: false,
    customerType: 'COMPANY',
    ownerId: 'owner',
    company: 'Example Bakery',
    locale: 'en',
    timeZone: 'Europe/Berlin',
    billingAnchorDay: null,
    contacts: [],
    workspaces: [],
  };
}
