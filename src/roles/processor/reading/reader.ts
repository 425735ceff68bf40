import type { Kafka } from 'kafkajs';
import {
  InputConsumer,
  type FetchedRange,
  type TopicPartition,
} from '../../../kafka/consumer/inputConsumer.js';
import { Decoder } from '../../../kafka/decode/decoder.js';
import type { Registry } from '../../../kafka/registry.js';
import { carried } from '../../../support/carriedError.js';
import { keyOf } from '../../../support/partitionKey.js';
import { InputLost } from '../inputLost.js';
import { AccountsFirst } from './accountsFirst.js';
import { Gathering } from './gathering.js';
import {
  steadyMs,
  type FromReader,
  type PartitionStart,
  type ReaderSettings,
  type ToReader,
} from './messages.js';
import { Positions } from './positions.js';

const HINT_EVERY_MS = 5_000;
const ACCOUNTS_FIRST_MS = 30_000;

type Settings = Pick<ReaderSettings, 'groupId' | 'sessionTimeoutMs' | 'shiftMs' | 'fetchedAt'>;

/** Reads the input: a member of the group that takes in what it is assigned, and hands it over to be counted. */
export class Reader {
  private readonly positions = new Positions();
  private readonly accountsFirst = new AccountsFirst();
  private readonly gathering: Gathering;
  private readonly fetchedAt: Float64Array;
  private consumer: InputConsumer | null = null;
  /** Which assignment is the current one: what was begun for an older one is dropped. */
  private assignment = 0;
  private assigned: readonly TopicPartition[] = [];
  /** Of the last `forget`. */
  private epoch = 0;
  private lent: readonly FetchedRange[] = [];
  private readonly hints = new Map<string, FetchedRange>();
  private hintedAt = -Infinity;
  private hasRuns = false;
  private accountsTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly kafka: Kafka,
    registry: Registry,
    private readonly settings: Settings,
    private readonly post: (message: FromReader) => void,
  ) {
    this.fetchedAt = new Float64Array(settings.fetchedAt);
    this.gathering = new Gathering({
      decoder: new Decoder(registry),
      positions: this.positions,
      shiftMs: settings.shiftMs,
      onIntake: (taken) => {
        this.lent = taken.ranges;
        post({ kind: 'intake', epoch: this.epoch, taken });
      },
      onGap: () => {
        // At once: what else came of the same fetch does not follow either, and one word is enough.
        this.halt();
        post({ kind: 'gap', epoch: this.epoch });
      },
      onTrouble: (reason) => {
        post({ kind: 'trouble', reason });
      },
      onFatal: (error) => {
        this.fatal(error);
      },
    });
  }

  receive(message: ToReader): void {
    try {
      this.act(message);
    } catch (error) {
      this.fatal(error);
    }
  }

  private act(message: ToReader): void {
    switch (message.kind) {
      case 'join':
        void this.join();
        return;
      case 'forget':
        this.epoch = message.epoch;
        this.halt();
        return;
      case 'begin':
        this.begin(message.assignment, message.partitions);
        return;
      case 'takeBack':
        this.takeBack(message.counted, message.known);
        return;
      case 'runSaved':
        this.positions.runSaved(message.run);
        return;
      case 'stop':
        void this.stop();
    }
  }

  /** With a consumer of its own: one that has crashed or could not connect is not used again. */
  private async join(): Promise<void> {
    void this.consumer?.stop().catch(() => undefined);
    const consumer = this.newConsumer();
    this.consumer = consumer;
    this.assigned = [];
    this.accountsFirst.giveUp();
    try {
      await consumer.start();
      this.post({ kind: 'joined' });
    } catch (error) {
      this.post({ kind: 'notJoined', error: carried(error) });
    }
  }

  private newConsumer(): InputConsumer {
    const consumer: InputConsumer = new InputConsumer(
      this.kafka,
      {
        onAssigned: (partitions, memberId) => {
          if (consumer !== this.consumer) return;
          this.assignment += 1;
          this.assigned = partitions;
          this.halt();
          this.post({ kind: 'assigned', assignment: this.assignment, partitions, memberId });
        },
        onFetch: () => {
          this.fetchedAt[0] = steadyMs();
        },
        onBatch: (batch) =>
          consumer === this.consumer ? this.gathering.submit(batch) : Promise.resolve(false),
        onNothingIn: (run) => {
          if (consumer !== this.consumer) return;
          this.positions.skip(run);
          this.tellRuns();
          consumer.resume(this.accountsFirst.done(run));
        },
        onCrash: (error) => {
          if (consumer === this.consumer) this.post({ kind: 'crashed', error: carried(error) });
        },
      },
      this.settings,
    );
    return consumer;
  }

  /** Reads nothing until {@link begin}, and drops what was read and is not being counted. */
  private halt(): void {
    if (this.assigned.length > 0) this.consumer?.pause(this.assigned);
    // What is being counted may be the last of the accounts: nothing is resumed for that now.
    this.accountsFirst.giveUp();
    this.gathering.forget();
  }

  private begin(assignment: number, partitions: readonly PartitionStart[]): void {
    const { consumer } = this;
    if (assignment !== this.assignment || consumer === null) return;
    this.positions.clear();
    const begun = partitions.map(({ position, ...bounds }) => ({
      ...bounds,
      from: this.positions.begin(bounds, position),
    }));
    for (const partition of begun) consumer.readFrom(partition, partition.from);
    consumer.resume(this.accountsFirst.begin(begun));
    this.accountsDeadline();
  }

  /** Reading the accounts first only saves work: it must not hold the rest up for ever. */
  private accountsDeadline(): void {
    clearTimeout(this.accountsTimer);
    this.accountsTimer = setTimeout(() => {
      this.consumer?.resume(this.accountsFirst.giveUp());
    }, ACCOUNTS_FIRST_MS).unref();
  }

  private takeBack(counted: boolean, known: readonly number[]): void {
    const ranges = this.lent;
    this.lent = [];
    this.gathering.takeBack(counted, known);
    if (!counted) return;
    this.tellRuns();
    for (const range of ranges) {
      this.hints.set(keyOf(range), range);
      this.consumer?.resume(this.accountsFirst.done(range));
    }
    this.hint();
  }

  /** Tells Kafka's tools how far we are, now and then. */
  private hint(): void {
    if (performance.now() - this.hintedAt < HINT_EVERY_MS) return;
    this.hintedAt = performance.now();
    const offsets = [...this.hints.values()];
    this.hints.clear();
    this.consumer?.commitHint(offsets).catch(() => undefined);
  }

  private tellRuns(): void {
    const runs = this.positions.unsavedRuns();
    if (runs.length === 0 && !this.hasRuns) return;
    this.hasRuns = runs.length > 0;
    this.post({ kind: 'runs', runs });
  }

  private async stop(): Promise<void> {
    clearTimeout(this.accountsTimer);
    this.gathering.stop();
    const stopped = this.consumer?.stop() ?? Promise.resolve();
    const left = await stopped.then(
      () => true,
      () => false,
    );
    this.post({ kind: 'stopped', left });
  }

  private fatal(error: unknown): void {
    if (error instanceof InputLost) this.post({ kind: 'lost', losses: error.losses });
    else this.post({ kind: 'fatal', error: carried(error) });
  }
}
