import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { INPUT_TOPICS, type InputTopic } from '../topics.js';
import { coPartitionAssigner } from './coPartition.js';
import type { FetchedRecords } from './fetchedRecords.js';
import { fetchedRecords } from './fetchResponse.js';
import { heartbeatOf } from './heartbeat.js';
import './inputReading.js';

export interface TopicPartition {
  readonly topic: InputTopic;
  readonly partition: number;
}

/** A run of the log of one partition that was fetched: [fetchedFrom, next). */
export interface FetchedRange extends TopicPartition {
  readonly fetchedFrom: number;
  readonly next: number;
  /** End of the log when it was fetched. */
  readonly high: number;
}

/** The same with everything in it that is still there. */
export interface FetchedBatch extends FetchedRange {
  readonly records: FetchedRecords;
}

/** Everything in [first, next) is something that is never delivered. */
export interface EmptyFetch extends TopicPartition {
  readonly first: number;
  readonly next: number;
}

export interface InputHandlers {
  /** Called while all assigned partitions are paused; reading begins where {@link InputConsumer.readFrom} says. */
  onAssigned(partitions: readonly TopicPartition[], memberId: string): void;
  /** A fetch came back, whatever was in it. */
  onFetch?(): void;
  /** Resolves to true when the batch was dealt with; otherwise it is fetched again from where reading was told to. */
  onBatch(batch: FetchedBatch): Promise<boolean>;
  /** A run of the log that held nothing to deliver: aborted, control records, compacted away. */
  onNothingIn(run: EmptyFetch): void;
  /** The consumer has ended and will not come back by itself. */
  onCrash(error: Error): void;
}

// A fetch and the transaction that follows cost nearly the same for few records and for many. Where the end of a partition
// was reached, the next fetch begins no sooner than this after the last one came back: what comes meanwhile comes together.
const GATHER_MS = 25;

interface Settings {
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
}

/** Reads the six input topics in a consumer group whose offsets live in the database, not in Kafka. */
export class InputConsumer {
  private readonly consumer: Consumer;
  /** When the last fetch came back, by the process's monotonic clock (ms); null: none yet. */
  lastFetchAt: number | null = null;

  constructor(
    kafka: Kafka,
    private readonly handlers: InputHandlers,
    settings: Settings,
  ) {
    this.consumer = kafka.consumer({
      groupId: settings.groupId,
      partitionAssigners: [coPartitionAssigner],
      sessionTimeout: settings.sessionTimeoutMs,
      heartbeatInterval: heartbeatOf(settings.sessionTimeoutMs),
      maxWaitTimeInMs: 100,
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 4 * 1024 * 1024,
      allowAutoTopicCreation: false,
    });
    this.listen();
  }

  async start(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...INPUT_TOPICS], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // One fetch's batches are handed over together: they are counted in one transaction.
      partitionsConsumedConcurrently: 1_000,
      eachBatch: (payload) => this.handle(payload),
    });
  }

  /** Sets where a partition is read from next. */
  readFrom({ topic, partition }: TopicPartition, offset: number): void {
    this.consumer.seek({ topic, partition, offset: String(offset) });
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.consumer.pause(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0)
      this.consumer.resume(partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
  }

  /** Tells Kafka's tools how far we are; only a hint, the database decides. */
  async commitHint(offsets: readonly (TopicPartition & { readonly next: number })[]): Promise<void> {
    await this.consumer.commitOffsets(
      offsets.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) })),
    );
  }

  /** Leaves the group; waits for batches in hand. */
  async stop(): Promise<void> {
    await this.consumer.disconnect();
  }

  private listen(): void {
    const { GROUP_JOIN, CRASH, FETCH, END_BATCH_PROCESS } = this.consumer.events;
    this.consumer.on(GROUP_JOIN, ({ payload }) => {
      const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, numbers]) =>
        numbers.map((partition) => ({ topic: topic as InputTopic, partition })),
      );
      // Before anything asynchronous: a fetch that begins now would begin at Kafka's own offset.
      this.pause(partitions);
      this.handlers.onAssigned(partitions, payload.memberId);
    });
    this.consumer.on(FETCH, () => {
      this.lastFetchAt = performance.now();
      this.handlers.onFetch?.();
    });
    this.consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0) return;
      const { topic, partition, lastOffset } = payload;
      this.handlers.onNothingIn({
        topic: topic as InputTopic,
        partition,
        first: Number(payload.firstOffset),
        next: Number(lastOffset) + 1,
      });
    });
    this.consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.handlers.onCrash(payload.error);
    });
  }

  private async handle(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    // Where the fetch began is what tells a compacted record from one that was skipped.
    const { fetchedOffset } = batch as unknown as { fetchedOffset: string };
    const records = fetchedRecords(batch.messages);
    const beat = setInterval(() => {
      payload.heartbeat().catch(() => undefined);
    }, 1_000);
    try {
      const next = Number(batch.lastOffset()) + 1;
      const high = Number(batch.highWatermark);
      const done = await this.handlers.onBatch({
        topic: batch.topic as InputTopic,
        partition: batch.partition,
        fetchedFrom: Number(fetchedOffset),
        next,
        high,
        records,
      });
      if (done) payload.resolveOffset(batch.messages.at(-1)?.offset ?? batch.lastOffset());
      if (next >= high) await this.gather();
    } finally {
      clearInterval(beat);
      records.giveBack();
    }
  }

  /** Holds back the next fetch, which begins when every batch of this one was dealt with. */
  private async gather(): Promise<void> {
    const since = performance.now() - (this.lastFetchAt ?? -Infinity);
    if (since < GATHER_MS) await sleep(GATHER_MS - since);
  }
}
