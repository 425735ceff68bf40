import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { RegistryUnavailable } from '../../kafka/registry.js';
import { Backoff } from '../../support/backoff.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import { heartbeatOf } from '../../kafka/consumer/heartbeat.js';
import type { NoticeKey } from '../../postgres/deliveries/notices.js';
import { NotificationDecoder, TOPIC } from './decode.js';
import { takeIn, type Intake } from './intake.js';
import type { MailerContext } from './options.js';
import { Membership } from '../membership.js';
import { Together } from './together.js';
import { Outage } from '../outage.js';
import { Progress } from '../progress.js';
import { sleep, unlessAborted, within } from '../wait.js';

const LEAVE_MS = 5_000;
const PROBE_MS = 10_000;
// Records of all partitions are taken in together, so that a burst costs few transactions.
const PARTITIONS_AT_ONCE = 8;
const RECORDS_AT_ONCE = 50;
// Two, so that accounts whose locks are taken do not hold up all others; few, since counting waits for each of them.
const TOGETHER = { atOnce: 2, most: 50 };
const RECORD_WITHIN_MS = 20_000;

/** Reads the notifications topic into the delivery ledger; goes on by itself after whatever outage. */
export class NotificationConsumer {
  private readonly decoder: NotificationDecoder;
  private readonly intakes: Together<NoticeKey, Intake>;
  private readonly stopping = new AbortController();
  private readonly broker: Outage;
  private readonly registry: Outage;
  private readonly database: Outage;
  private readonly membership: Membership;
  private readonly heartbeatMs: number;
  private running: Promise<void> = Promise.resolve();
  private joined = false;
  private registryAnswered = false;
  private readonly progress = new Progress('the intake of notices', RECORD_WITHIN_MS);

  constructor(
    private readonly context: MailerContext,
    /** Called when deliveries were opened. */
    private readonly onTaken: () => void,
  ) {
    this.decoder = new NotificationDecoder(context.registry);
    this.intakes = new Together((keys) => takeIn(context, keys), TOGETHER);
    this.membership = new Membership(context);
    this.heartbeatMs = heartbeatOf(context.sessionTimeoutMs);
    this.broker = new Outage(context.log, 'Kafka');
    this.registry = new Outage(context.log, 'the schema registry');
    this.database = new Outage(context.log, 'the database');
  }

  start(): void {
    this.running = Promise.all([this.consumeForEver(), this.probeForEver()]).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await within(
      2 * LEAVE_MS,
      this.running.then(() => this.membership.left()),
    );
  }

  /** Null: it is in its group and the registry answers. */
  problem(): string | null {
    if (!this.joined) return 'the mailer is not in its consumer group';
    if (!this.registryAnswered) return 'the schema registry does not answer';
    return this.progress.problem();
  }

  private async consumeForEver(): Promise<void> {
    const { signal } = this.stopping;
    let backoff = new Backoff(signal);
    while (!signal.aborted) {
      try {
        await this.consumeUntilCrash(() => {
          backoff = new Backoff(signal);
        });
      } catch (error) {
        this.broker.began(error);
      }
      this.joined = false;
      await backoff.wait();
    }
  }

  /** One life of a consumer: rejects when it crashed or could not begin, resolves on a stop. */
  private async consumeUntilCrash(onJoined: () => void): Promise<void> {
    const { signal } = this.stopping;
    const consumer = this.context.kafka.consumer({
      groupId: this.context.groupId,
      sessionTimeout: this.context.sessionTimeoutMs,
      heartbeatInterval: this.heartbeatMs,
      maxWaitTimeInMs: 250,
      allowAutoTopicCreation: false,
      // Every crash ends this life, and the next one begins with a clean client.
      retry: {
        retries: 4,
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: () => Promise.resolve(false),
      },
    });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    crashed.catch(() => undefined);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.membership.joined(payload.memberId);
      this.joined = true;
      this.broker.ended();
      onJoined();
    });
    const ended = new AbortController();
    const begun = this.membership.joining(() => this.begin(consumer, ended.signal));
    try {
      await unlessAborted(
        begun.then(() => crashed),
        signal,
      );
    } finally {
      ended.abort();
      // A consumer that is disconnected while it begins would go on beginning, and read for ever.
      await within(LEAVE_MS / 2, begun);
      await within(LEAVE_MS / 2, consumer.disconnect());
      begun.then(() => consumer.disconnect()).catch(() => undefined);
    }
  }

  private async begin(consumer: Consumer, ended: AbortSignal): Promise<void> {
    await consumer.connect();
    ended.throwIfAborted();
    await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
    ended.throwIfAborted();
    await consumer.run({
      // Only what was resolved is committed, and that is what the database has.
      autoCommit: true,
      autoCommitInterval: 1_000,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.takeBatch(payload),
    });
  }

  private async takeBatch(payload: EachBatchPayload): Promise<void> {
    const beat = setInterval(() => {
      payload.heartbeat().catch(() => undefined);
    }, this.heartbeatMs);
    const goesOn = (): boolean => payload.isRunning() && !payload.isStale() && !this.stopping.signal.aborted;
    try {
      const { messages } = payload.batch;
      for (let from = 0; from < messages.length; from += RECORDS_AT_ONCE) {
        const some = messages.slice(from, from + RECORDS_AT_ONCE);
        const taken = await Promise.all(
          some.map((message) => this.progress.during(this.takeRecord(message, goesOn))),
        );
        // Up to the first that was left for later; those behind it come again, and are known then.
        const left = taken.indexOf(false);
        const last = some.at(left === -1 ? -1 : left - 1);
        if (left !== 0 && last !== undefined) payload.resolveOffset(last.offset);
        await payload.commitOffsetsIfNecessary();
        if (left !== -1) return;
      }
    } finally {
      clearInterval(beat);
    }
  }

  /** Takes one record in, waiting out every outage; false: it was left for later. */
  private async takeRecord(message: KafkaMessage, goesOn: () => boolean): Promise<boolean> {
    const backoff = new Backoff(this.stopping.signal);
    while (goesOn()) {
      try {
        await this.tryRecord(message);
        return true;
      } catch (error) {
        if (error instanceof RegistryUnavailable) {
          this.registryAnswered = false;
          this.registry.began(error);
        } else if (isDataError(error)) {
          this.count('refused');
          this.context.log.error(
            { offset: message.offset, reason: reasonOf(error) },
            'notification set aside',
          );
          return true;
        } else {
          // A bug waits like an outage, visibly: skipping would lose the notice.
          if (isOutage(error)) this.database.began(error);
          else this.context.log.error({ offset: message.offset, err: error }, 'notification not taken in');
          await backoff.wait();
          continue;
        }
        await backoff.wait();
      }
    }
    return false;
  }

  private async tryRecord(message: KafkaMessage): Promise<void> {
    const decoded = await this.decoder.decode(message.value);
    if (decoded.kind === 'undecodable') {
      this.count('undecodable');
      this.context.log.error(
        { offset: message.offset, reason: decoded.why },
        'undecodable notification skipped',
      );
      return;
    }
    const intake = await this.intakes.run(decoded.key);
    this.database.ended();
    this.count(intake.outcome);
    if (intake.outcome === 'foreign') {
      this.context.log.error(decoded.key, 'notification of another database skipped');
    } else if (intake.outcome === 'taken') {
      if (intake.settled !== null) {
        this.context.metrics.notices.inc({ status: intake.settled.status });
        this.context.log.info({ ...decoded.key, ...intake.settled }, 'notice ended without a mail');
      }
      this.onTaken();
    }
  }

  /** Asks the registry now and then: records seldom do, and would not notice that it is away, or back. */
  private async probeForEver(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.context.registry.idOf(TOPIC);
        this.registryAnswered = true;
        this.registry.ended();
      } catch (error) {
        this.registryAnswered = false;
        this.registry.began(error);
      }
      await sleep(this.registryAnswered ? PROBE_MS : PROBE_MS / 10, signal);
    }
  }

  private count(outcome: string): void {
    this.context.metrics.recordsRead.inc({ topic: TOPIC, outcome });
  }
}

/** SQLSTATE classes of data: the same record would be refused for ever. */
function isDataError(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^2[23]\w{3}$/.test(code);
}
