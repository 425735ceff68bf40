import type { Kafka, Producer } from 'kafkajs';
import type pg from 'pg';
import { Encoder } from '../../kafka/encoder.js';
import type { Registry } from '../../kafka/registry.js';
import { DEAD_LETTER_TOPIC } from '../../kafka/topics.js';
import { tryShards } from '../../postgres/locks.js';
import { onAppended } from '../../postgres/outbox/channel.js';
import { OUTBOX_SHARDS } from '../../postgres/outbox/shards.js';
import { forgetMarksInACrash, markPublished, readWaiting, setAside } from '../../postgres/outbox/waiting.js';
import { markLettersPublished, readWaitingLetters } from '../../postgres/outbox/waitingLetters.js';
import { Backoff } from '../../support/backoff.js';
import { failpoint } from '../../support/failpoints.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import { reasonOf } from '../../support/outage.js';
import { Progress } from '../progress.js';
import type { Problem, Role } from '../role.js';
import { Wake } from '../wake.js';
import { publishLetters, publishRows } from './publish.js';

const SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);
// Dead letters have no account; their lock stands beside those of the shards.
const LETTERS = OUTBOX_SHARDS;
const ROWS_AT_ONCE = 500;
const LETTERS_AT_ONCE = 100;
// Commits tell of their rows; this is for dead letters, and for what a relay was not told.
const POLL_MS = 500;
const CLAIM_EVERY_MS = 1_000;
// A pass publishes a few hundred rows; the client gives a request half a minute.
const PASS_WITHIN_MS = 45_000;

export interface RelayOptions {
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Between two looks at the outbox when no commit tells of rows, ms; default 500. */
  readonly pollMs?: number;
}

/**
 * Publishes what the outbox holds. A shard is published by the one relay whose database session has its lock, in the
 * order of the rows' ids, so an account's events keep the order of becoming true. A row is marked after Kafka's
 * acknowledgement: a crash in between publishes it again, under the same id.
 */
export class Relay implements Role {
  readonly name = 'relay';
  private readonly stopping = new AbortController();
  private readonly encoder: Encoder;
  private running: Promise<void> | null = null;
  private saidTooLarge = false;
  private trouble: Problem = 'the relay has not started yet';
  private readonly progress = new Progress('the relay', PASS_WITHIN_MS);
  private readonly wake = new Wake();

  constructor(private readonly options: RelayOptions) {
    this.encoder = new Encoder(options.registry);
  }

  start(): Promise<void> {
    this.running = this.progress.during(this.run());
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.now();
    await this.running;
  }

  problem(): Problem {
    return this.trouble ?? this.progress.problem();
  }

  /** One session after another: whatever goes wrong ends the session, and with it the locks. */
  private async run(): Promise<void> {
    let backoff = new Backoff(this.stopping.signal);
    while (!this.stopping.signal.aborted) {
      try {
        await this.session(() => {
          backoff = new Backoff(this.stopping.signal);
        });
      } catch (error) {
        const reason = reasonOf(error);
        if (this.trouble === null) this.options.log.warn({ reason }, 'the relay waits');
        this.trouble = `the relay waits: ${reason}`;
        await backoff.wait();
      }
    }
  }

  private async session(onProgress: () => void): Promise<void> {
    // An idempotent producer that failed is of no more use, so each session has its own.
    const producer = this.options.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    const client = await this.options.pool.connect();
    let lost: Error | undefined;
    const onError = (error: Error): void => {
      lost = error;
      // The next statement fails, and what is not asked is not told either.
      this.wake.now();
    };
    client.on('error', onError);
    try {
      await producer.connect();
      await forgetMarksInACrash(client);
      await onAppended(client, () => this.wake.now());
      await this.publishWhileHeld(client, producer, onProgress);
    } catch (error) {
      lost ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.off('error', onError);
      // The session ends with its connection: a pooled one would keep the locks.
      client.release(lost ?? true);
      await producer.disconnect().catch(() => undefined);
    }
  }

  private async publishWhileHeld(
    client: pg.PoolClient,
    producer: Producer,
    onProgress: () => void,
  ): Promise<void> {
    const { pollMs = POLL_MS } = this.options;
    const held = new Set<number>();
    let claimedAt = -Infinity;
    for (;;) {
      // In this order: a stop must not be heeded away.
      this.wake.heed();
      if (this.stopping.signal.aborted) return;
      if (performance.now() - claimedAt >= CLAIM_EVERY_MS) {
        claimedAt = performance.now();
        const free = [...SHARDS, LETTERS].filter((shard) => !held.has(shard));
        for (const shard of await tryShards(client, free)) held.add(shard);
      }
      const shards = SHARDS.filter((shard) => held.has(shard));
      const published = await this.publishShards(client, producer, shards);
      const letters = held.has(LETTERS) ? await this.publishDeadLetters(client, producer) : 0;
      this.trouble = null;
      this.progress.moved();
      onProgress();
      // Rows that come from here on wake it again: what was less than a full pass was everything.
      const more = published === ROWS_AT_ONCE || letters === LETTERS_AT_ONCE;
      if (!more)
        await this.wake.within(held.size > SHARDS.length ? pollMs : Math.min(pollMs, CLAIM_EVERY_MS));
    }
  }

  private async publishShards(
    client: pg.PoolClient,
    producer: Producer,
    shards: readonly number[],
  ): Promise<number> {
    if (shards.length === 0) return 0;
    const rows = await readWaiting(client, shards, ROWS_AT_ONCE);
    if (rows.length === 0) return 0;
    await failpoint('relay.read');
    const refused = await publishRows(producer, this.encoder, rows);
    await failpoint('relay.published');
    for (const { row, why } of refused) {
      this.options.log.error(
        { account: row.account_id, outbox: row.id, topic: row.topic, why },
        'an event is set aside',
      );
      await setAside(client, row, why);
    }
    const out = rows.filter((row) => !refused.some((r) => r.row === row));
    await markPublished(client, out);
    await failpoint('relay.marked');
    for (const { topic } of out) this.options.metrics.published.inc({ topic });
    return rows.length;
  }

  private async publishDeadLetters(client: pg.PoolClient, producer: Producer): Promise<number> {
    const letters = await readWaitingLetters(client, LETTERS_AT_ONCE);
    if (letters.length === 0) return 0;
    const published = await publishLetters(producer, letters);
    await failpoint('letters.published');
    await markLettersPublished(client, published);
    if (published.length < letters.length && !this.saidTooLarge) {
      this.saidTooLarge = true;
      this.options.log.error(
        { letters: letters.length - published.length },
        `dead letters are larger than ${DEAD_LETTER_TOPIC} takes: raise its max.message.bytes`,
      );
    }
    return published.length;
  }
}
