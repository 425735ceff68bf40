import { keyOf } from '../../support/partitionKey.js';
import type { Admin, Kafka } from 'kafkajs';
import type pg from 'pg';
import { INPUT_TOPICS } from '../../kafka/topics.js';
import { loadProgress } from '../../postgres/counting/offsets.js';
import { backlog, oldestNotice } from '../../postgres/deliveries/due.js';
import { outboxState } from '../../postgres/outbox/waiting.js';
import { lettersWaiting } from '../../postgres/outbox/waitingLetters.js';
import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { reasonOf } from '../../support/outage.js';
import { sleep, unlessAborted, within } from '../wait.js';
import { LagHistory } from './lagHistory.js';

const MEASURE_EVERY_MS = 5_000;
// A server that hangs must not keep the other figures from being shown.
const ANSWER_WITHIN_MS = 4_000;

export interface StallWatchOptions {
  readonly pool: pg.Pool;
  /** A client that tries once; null: the process has no broker, and shows no lag. */
  readonly kafka: Kafka | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Measures what waits: input that is not counted, events that do not reach Kafka, mails that do not leave. It stands
 * beside the roles, so that one that hangs, or that runs nowhere, is seen as well: any process shows all of it.
 */
export class StallWatch {
  private readonly stopping = new AbortController();
  private readonly history = new LagHistory();
  private counted: ReadonlyMap<string, number> | null = null;
  private admin: Admin | null = null;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: StallWatchOptions) {}

  start(): void {
    const tasks = [this.forEver('what waits in the database', () => this.measureWaiting())];
    const { kafka } = this.options;
    if (kafka !== null) tasks.push(this.forEver('the lag of the input', () => this.measureLag(kafka)));
    this.running = Promise.all(tasks);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await within(ANSWER_WITHIN_MS, this.running);
    this.forgetAdmin();
  }

  private async forEver(what: string, measure: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const measured = measure().then(
        () => true,
        (error: unknown) => {
          this.options.log.debug({ reason: reasonOf(error) }, `${what} cannot be measured`);
          return true;
        },
      );
      // Whoever hangs is not asked again before he answers.
      if ((await within(ANSWER_WITHIN_MS, measured)) === null) await unlessAborted(measured, signal);
      await sleep(MEASURE_EVERY_MS, signal);
    }
  }

  private async measureWaiting(): Promise<void> {
    const { pool, metrics, clock } = this.options;
    const outbox = await outboxState(pool);
    metrics.outboxWaiting.set(outbox.waiting);
    metrics.outboxOldestSeconds.set(outbox.oldestSeconds);
    metrics.outboxSetAside.set(outbox.setAside);
    const letters = await lettersWaiting(pool);
    metrics.deadLettersWaiting.set(letters.waiting);
    metrics.deadLettersOldestSeconds.set(letters.oldestSeconds);
    const { waiting, oldestMs } = await backlog(pool);
    metrics.deliveriesWaiting.set(waiting);
    metrics.deliveriesOldestSeconds.set(oldestMs / 1_000);
    const notice = await oldestNotice(pool);
    metrics.noticesOldestSeconds.set(notice === null ? 0 : Math.max(0, clock.now() - notice) / 1_000);
  }

  /** The ends of the log count even while the database is away: then what it said last is how far it counted. */
  private async measureLag(kafka: Kafka): Promise<void> {
    const { metrics, pool } = this.options;
    const progress = await within(ANSWER_WITHIN_MS / 2, loadProgress(pool));
    if (progress !== null) {
      this.counted = new Map(progress.map((read) => [keyOf(read), read.readTo]));
    }
    const { counted } = this;
    if (counted === null) return;
    const logs = await this.logs(kafka);
    const lags = logs.map(({ topic, partition, low, high }) => {
      const key = keyOf({ topic, partition });
      return { topic, partition, key, high, next: counted.get(key) ?? low };
    });
    for (const { topic, partition, next, high } of lags) {
      metrics.inputLag.set({ topic, partition }, Math.max(0, high - next));
    }
    const { stalledMs, growingMs } = this.history.take(lags, performance.now());
    metrics.inputStalledSeconds.set(stalledMs / 1_000);
    metrics.inputLagGrowingSeconds.set(growingMs / 1_000);
  }

  private async logs(kafka: Kafka) {
    try {
      if (this.admin === null) {
        const admin = kafka.admin();
        await admin.connect();
        this.admin = admin;
      }
      const logs: { topic: string; partition: number; low: number; high: number }[] = [];
      for (const topic of INPUT_TOPICS) {
        for (const { partition, low, high } of await this.admin.fetchTopicOffsets(topic)) {
          logs.push({ topic, partition, low: Number(low), high: Number(high) });
        }
      }
      return logs;
    } catch (error) {
      this.forgetAdmin();
      throw error;
    }
  }

  private forgetAdmin(): void {
    this.admin?.disconnect().catch(() => undefined);
    this.admin = null;
  }
}
