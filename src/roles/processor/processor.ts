import type { Admin, Kafka } from 'kafkajs';
import type pg from 'pg';
import { IdArena } from '../../domain/counting/idChunk.js';
import type { Policy } from '../../domain/policy/policy.js';
import type { KafkaSettings } from '../../kafka/client.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import { Decoder } from '../../kafka/decode/decoder.js';
import { Registry } from '../../kafka/registry.js';
import { Backoff } from '../../support/backoff.js';
import type { Clock } from '../../support/clock.js';
import { eventId } from '../../support/eventId.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { isOutage, reasonOf } from '../../support/outage.js';
import { Membership } from '../membership.js';
import type { Presence } from '../presence.js';
import type { Problem, Role } from '../role.js';
import { AccountCache } from './accountCache.js';
import { assertNothingLost, readStanding } from './assignment.js';
import { CountingLoop } from './countingLoop.js';
import { EmptyRuns } from './emptyRuns.js';
import { Intake } from './intake.js';
import { ReadingThread } from './readingThread.js';
import type { TakenIn } from './takenIn.js';
import { ToldTexts } from './toldTexts.js';

const GROUP_ID = 'fair-use-processor';
const SILENCE_MS = 15_000;

export interface ProcessorOptions {
  /** For what the counting asks of the brokers; the reading thread has a client of its own. */
  readonly kafka: Kafka;
  readonly brokers: KafkaSettings;
  readonly registryUrl: string;
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
  /** The code of the reading thread, where it does not lie beside this one's. */
  readonly threadFile?: URL;
  /** Nothing can be done here any more: the process should end with this as its last line. */
  readonly onFatal: (error: Error) => void;
}

/** Reads the platform's events and counts them into Postgres, exactly once. */
export class Processor implements Role {
  readonly name = 'processor';
  private readonly emptyRuns: EmptyRuns;
  private readonly loop: CountingLoop;
  private readonly reading: ReadingThread;
  private readonly admin: Admin;
  private readonly membership: Membership;
  private readonly decoder: Decoder;
  private readonly accountIds = new ToldTexts();
  private readonly workspaceIds = new ToldTexts();
  private readonly newIds = new IdArena();
  private assigned: { readonly number: number; readonly partitions: readonly TopicPartition[] } | null = null;
  /** Grows whenever positions are read anew: what was read or begun before is dropped. */
  private epoch = 0;
  private readonly stopping = new AbortController();
  private trouble: Problem = 'the processor has not joined its group yet';
  /** What taking in waits for. */
  private readingTrouble: string | null = null;

  constructor(private readonly options: ProcessorOptions) {
    const { kafka, pool, presence, clock, log, metrics, policy } = options;
    this.membership = new Membership({ kafka, pool, presence, groupId: GROUP_ID, log });
    this.admin = kafka.admin();
    this.decoder = new Decoder(new Registry(options.registryUrl));
    this.reading = this.newThread();
    this.emptyRuns = new EmptyRuns(pool, (run) => this.reading.runSaved(run), this.stopping.signal);
    this.loop = new CountingLoop({
      ...{ pool, decoder: this.decoder, cache: new AccountCache(options.cacheBytes), clock, log, metrics },
      context: () => ({ policy, now: clock.now(), id: eventId }),
      signal: this.stopping.signal,
      onCounted: (intake) => {
        this.reading.takeBack(true, intake.newlyKnown());
      },
      onFailed: () => {
        this.reading.takeBack(false);
        this.sync();
      },
      onFatal: options.onFatal,
    });
  }

  async start(): Promise<void> {
    await this.retryOutages(async () => {
      await this.admin.connect();
      await this.membership.joining(() => this.reading.join());
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.epoch += 1;
    await this.loop.idle();
    if (await this.reading.stop()) await this.membership.left();
    await this.admin.disconnect().catch(() => undefined);
  }

  problem(): Problem {
    const known = this.trouble ?? this.loop.problem ?? this.readingTrouble;
    if (known !== null) return known;
    return this.reading.silentMs > SILENCE_MS ? 'nothing was fetched from Kafka lately' : null;
  }

  private newThread(): ReadingThread {
    const { brokers: kafka, registryUrl, clock, sessionTimeoutMs, log, onFatal, threadFile } = this.options;
    const settings = { kafka, registryUrl, groupId: GROUP_ID, sessionTimeoutMs, shiftMs: clock.shiftMs };
    return new ReadingThread(
      { ...settings, logLevel: log.level },
      {
        onAssigned: (number, partitions, memberId) => {
          this.membership.joined(memberId);
          this.assigned = { number, partitions };
          this.sync();
        },
        onIntake: (taken, epoch) => {
          this.counted(taken, epoch);
        },
        onRuns: (runs) => {
          this.emptyRuns.are(runs);
        },
        onGap: (epoch) => {
          // Positions that were read anew meanwhile need not be read once more.
          if (epoch === this.epoch) this.sync();
        },
        onTrouble: (reason) => {
          this.waitsFor(reason);
        },
        onCrash: (error) => {
          this.crashed(error);
        },
        onFatal: (error) => {
          if (!this.stopping.signal.aborted) onFatal(error);
        },
      },
      threadFile,
    );
  }

  private counted(taken: TakenIn, epoch: number): void {
    const texts = {
      accountIds: this.accountIds.hear(taken.accountIds),
      workspaceIds: this.workspaceIds.hear(taken.workspaceIds),
    };
    // Read before positions were forgotten: it follows on nothing.
    if (epoch !== this.epoch) {
      this.reading.takeBack(false);
      return;
    }
    this.newIds.reset();
    this.loop.count(new Intake(taken, texts, this.newIds, this.decoder));
  }

  /** Reads positions anew and has the input read from them; until then nothing of the assignment is read. */
  private sync(): void {
    const { assigned } = this;
    if (assigned === null || this.stopping.signal.aborted) return;
    this.epoch += 1;
    const { epoch } = this;
    this.reading.forget(epoch);
    this.emptyRuns.are([]);
    this.trouble = 'the positions of the input are being read';
    this.retryOutages(async () => {
      // What is being committed moves the positions.
      await this.loop.idle();
      const starts = await readStanding(this.admin, this.options.pool, assigned.partitions);
      // A newer assignment has its own positions on the way.
      if (epoch !== this.epoch) return;
      assertNothingLost(starts);
      this.reading.begin(assigned.number, starts);
      this.trouble = null;
      this.options.log.info({ partitions: starts.length }, 'counting from the positions of the database');
    }).catch((error: unknown) => {
      this.options.onFatal(error instanceof Error ? error : new Error(String(error)));
    });
  }

  private waitsFor(reason: string | null): void {
    if (reason !== null) {
      this.options.metrics.countingRetries.inc({ cause: 'outage' });
      this.options.log.warn({ reason }, 'counting waits');
    }
    this.readingTrouble = reason === null ? null : `counting waits: ${reason}`;
  }

  private crashed(error: Error): void {
    if (this.stopping.signal.aborted) return;
    if (!isOutage(error)) {
      this.options.onFatal(error);
      return;
    }
    this.trouble = `the consumer is being started again: ${reasonOf(error)}`;
    this.epoch += 1;
    this.retryOutages(() => this.membership.joining(() => this.reading.join())).catch(this.options.onFatal);
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
