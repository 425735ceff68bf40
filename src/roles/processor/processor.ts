import type { Admin, Kafka } from 'kafkajs';
import type pg from 'pg';
import type { Policy } from '../../domain/policy/policy.js';
import { InputConsumer, type FetchedRange, type TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import { Decoder } from '../../kafka/decode/decoder.js';
import type { Registry } from '../../kafka/registry.js';
import { Backoff } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import { eventId } from '../../support/eventId.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import { keyOf } from '../../support/partitionKey.js';
import { Membership } from '../membership.js';
import type { Presence } from '../presence.js';
import type { Problem, Role } from '../role.js';
import { AccountCache } from './accountCache.js';
import { AccountsFirst, beginPartitions, readStanding } from './assignment.js';
import { CountingLoop } from './countingLoop.js';
import { EmptyRuns } from './emptyRuns.js';
import { Positions } from './positions.js';

const GROUP_ID = 'fair-use-processor';
const SILENCE_MS = 15_000;
const HINT_EVERY_MS = 5_000;
const ACCOUNTS_FIRST_MS = 30_000;

export interface ProcessorOptions {
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly pool: pg.Pool;
  readonly presence: Presence;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** After how long without a heartbeat the broker takes a member for dead (ms). */
  readonly sessionTimeoutMs: number;
  /** Budget for the state of accounts in memory, bytes. */
  readonly cacheBytes: number;
  /** Nothing can be done here any more: the process should end with this as its last line. */
  readonly onFatal: (error: Error) => void;
}

/** Reads the platform's events and counts them into Postgres, exactly once. */
export class Processor implements Role {
  readonly name = 'processor';
  private readonly positions = new Positions();
  private readonly accountsFirst = new AccountsFirst();
  private readonly emptyRuns: EmptyRuns;
  private readonly loop: CountingLoop;
  private readonly admin: Admin;
  private readonly membership: Membership;
  private consumer: InputConsumer;
  private assigned: readonly TopicPartition[] | null = null;
  /** Grows with every assignment: what was begun for an older one is dropped. */
  private generation = 0;
  private readonly stopping = new AbortController();
  private trouble: Problem = 'the processor has not joined its group yet';
  private readonly hints = new Map<string, TopicPartition & { next: number }>();
  private hintedAt = 0;
  private accountsTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ProcessorOptions) {
    const { kafka, registry, pool, presence, clock, log, metrics, policy } = options;
    this.membership = new Membership({ kafka, pool, presence, groupId: GROUP_ID, log });
    this.admin = kafka.admin();
    this.emptyRuns = new EmptyRuns(pool, this.positions, this.stopping.signal);
    this.loop = new CountingLoop({
      pool,
      decoder: new Decoder(registry),
      cache: new AccountCache(options.cacheBytes),
      positions: this.positions,
      clock,
      log,
      metrics,
      context: () => ({ policy, now: clock.now(), id: eventId }),
      onMoved: () => {
        this.sync();
      },
      onCounted: (ranges) => {
        this.counted(ranges);
      },
      onFatal: options.onFatal,
    });
    this.consumer = this.newConsumer();
  }

  async start(): Promise<void> {
    await this.retryOutages(async () => {
      await this.admin.connect();
      await this.membership.joining(() => this.consumer.start());
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.generation += 1;
    clearTimeout(this.accountsTimer);
    await this.loop.stop();
    await this.consumer.stop().then(
      () => this.membership.left(),
      () => undefined,
    );
    await this.admin.disconnect().catch(() => undefined);
  }

  problem(): Problem {
    if (this.trouble !== null) return this.trouble;
    if (this.loop.problem !== null) return this.loop.problem;
    const { lastFetchAt } = this.consumer;
    const silent = lastFetchAt === null || performance.now() - lastFetchAt > SILENCE_MS;
    return silent ? 'nothing was fetched from Kafka lately' : null;
  }

  private newConsumer(): InputConsumer {
    return new InputConsumer(
      this.options.kafka,
      {
        onAssigned: (partitions, memberId) => {
          this.membership.joined(memberId);
          this.assigned = partitions;
          this.sync();
        },
        onBatch: (batch) => this.loop.submit(batch),
        onNothingIn: (run) => {
          this.positions.skip(run);
          this.emptyRuns.save();
          this.consumer.resume(this.accountsFirst.done(run));
        },
        onCrash: (error) => {
          this.crashed(error);
        },
      },
      { groupId: GROUP_ID, sessionTimeoutMs: this.options.sessionTimeoutMs },
    );
  }

  /** Reads positions anew and sets the consumer to them; until then nothing of the assignment is read. */
  private sync(): void {
    const { assigned } = this;
    if (assigned === null) return;
    this.generation += 1;
    const { generation } = this;
    this.consumer.pause(assigned);
    this.positions.clear();
    this.trouble = 'the positions of the input are being read';
    this.retryOutages(async () => {
      // What is being committed moves the positions.
      await this.loop.drop();
      const standing = await readStanding(this.admin, this.options.pool, assigned);
      // A newer assignment has its own positions on the way.
      if (generation !== this.generation) return;
      const begun = beginPartitions(standing, this.positions);
      for (const partition of begun) this.consumer.readFrom(partition, partition.from);
      this.consumer.resume(this.accountsFirst.begin(begun));
      this.accountsDeadline();
      this.trouble = null;
      this.options.log.info({ partitions: begun.length }, 'counting from the positions of the database');
    }).catch((error: unknown) => {
      this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Reading the accounts first only saves work: it must not hold the rest up for ever. */
  private accountsDeadline(): void {
    clearTimeout(this.accountsTimer);
    this.accountsTimer = setTimeout(() => {
      if (!this.stopping.signal.aborted) this.consumer.resume(this.accountsFirst.giveUp());
    }, ACCOUNTS_FIRST_MS).unref();
  }

  private counted(ranges: readonly FetchedRange[]): void {
    this.emptyRuns.save();
    for (const range of ranges) {
      const { topic, partition, next } = range;
      this.hints.set(keyOf(range), { topic, partition, next });
      this.consumer.resume(this.accountsFirst.done(range));
    }
    if (performance.now() - this.hintedAt < HINT_EVERY_MS) return;
    this.hintedAt = performance.now();
    const offsets = [...this.hints.values()];
    this.hints.clear();
    this.consumer.commitHint(offsets).catch(() => undefined);
  }

  private crashed(error: Error): void {
    if (this.stopping.signal.aborted) return;
    if (!isOutage(error)) {
      this.options.onFatal(error);
      return;
    }
    this.trouble = `the consumer is being started again: ${reasonOf(error)}`;
    const dead = this.consumer;
    this.generation += 1;
    this.consumer = this.newConsumer();
    void dead.stop().catch(() => undefined);
    this.retryOutages(() => this.membership.joining(() => this.consumer.start())).catch(this.options.onFatal);
  }

  private async retryOutages(attempt: () => Promise<void>): Promise<void> {
    const backoff = new Backoff(this.stopping.signal);
    for (;;) {
      if (this.stopping.signal.aborted) return;
      try {
        await attempt();
        return;
      } catch (error) {
        if (!isOutage(error)) throw error;
        this.trouble = `the processor waits: ${reasonOf(error)}`;
        this.options.log.warn({ reason: reasonOf(error) }, 'the processor waits');
      }
      await backoff.wait();
    }
  }
}
