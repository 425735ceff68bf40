import { Worker } from 'node:worker_threads';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { EmptyRun } from '../../postgres/counting/offsets.js';
import { arrived } from '../../support/carriedError.js';
import { InputLost } from './inputLost.js';
import {
  steadyMs,
  type FromReader,
  type PartitionStart,
  type ReaderSettings,
  type ToReader,
} from './reading/messages.js';
import type { TakenIn } from './takenIn.js';

const HERE = new URL('./reading/thread.js', import.meta.url);

export interface ReadingHandlers {
  /** Nothing of the assignment is read before {@link ReadingThread.begin}. */
  onAssigned(assignment: number, partitions: readonly TopicPartition[], memberId: string): void;
  /** Must be answered by {@link ReadingThread.takeBack}. */
  onIntake(taken: TakenIn, epoch: number): void;
  onRuns(runs: readonly EmptyRun[]): void;
  /** What was fetched does not follow on what was read. */
  onGap(epoch: number): void;
  /** Reading waits for a server, or (null) does not any more. */
  onTrouble(reason: string | null): void;
  /** The consumer has ended; {@link ReadingThread.join} begins anew. */
  onCrash(error: Error): void;
  onFatal(error: Error): void;
}

/**
 * The thread that reads the input, as the thread that counts sees it: fetching, decoding and the garbage of both are not
 * in the way of counting (decision 12).
 */
export class ReadingThread {
  private readonly fetchedAt = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  private worker: Worker | null = null;
  private exited: Promise<void> = Promise.resolve();
  private joining: { resolve: () => void; reject: (error: Error) => void } | null = null;
  private stopping = false;
  private left = false;

  /** @param file the thread's code; it lies elsewhere for whoever runs from the sources */
  constructor(
    private readonly settings: Omit<ReaderSettings, 'fetchedAt'>,
    private readonly handlers: ReadingHandlers,
    private readonly file: URL = HERE,
  ) {}

  /** Since the last fetch came back (ms); Infinity: none yet. */
  get silentMs(): number {
    const at = new Float64Array(this.fetchedAt)[0] ?? 0;
    return at === 0 ? Infinity : steadyMs() - at;
  }

  /** Joins the group, with a new consumer each time. Throws what is in the way; does nothing when it was stopped. */
  join(): Promise<void> {
    if (this.stopping) return Promise.resolve();
    this.worker ??= this.started();
    return new Promise((resolve, reject) => {
      this.joining = { resolve, reject };
      this.post({ kind: 'join' });
    });
  }

  /** What was read and is not being counted does not hold any more: an epoch begins. Nothing is read until {@link begin}. */
  forget(epoch: number): void {
    this.post({ kind: 'forget', epoch });
  }

  begin(assignment: number, partitions: readonly PartitionStart[]): void {
    this.post({ kind: 'begin', assignment, partitions });
  }

  takeBack(counted: boolean, known: readonly number[] = []): void {
    this.post({ kind: 'takeBack', counted, known });
  }

  runSaved(run: EmptyRun): void {
    this.post({ kind: 'runSaved', run });
  }

  /** Leaves the group; resolves to whether the group knows. */
  async stop(): Promise<boolean> {
    const { worker } = this;
    this.stopping = true;
    if (worker === null) return false;
    this.post({ kind: 'stop' });
    await this.exited;
    return this.left;
  }

  private started(): Worker {
    const worker = new Worker(this.file, { workerData: { ...this.settings, fetchedAt: this.fetchedAt } });
    worker.on('message', (message: FromReader) => {
      this.receive(message);
    });
    worker.on('error', (error: unknown) => {
      this.ended(error instanceof Error ? error : new Error(String(error)));
    });
    // From the beginning: it may have ended by itself when it is to be stopped.
    this.exited = new Promise((resolve) => {
      worker.on('exit', () => {
        resolve();
        this.ended(new Error('the thread that reads the input has ended'));
      });
    });
    return worker;
  }

  /** It has ended, of itself or because it was told to: then nobody waits for it any more. */
  private ended(error: Error): void {
    this.worker = null;
    if (this.stopping) {
      this.joining?.resolve();
      return;
    }
    this.stopping = true;
    this.joining?.reject(error);
    this.handlers.onFatal(error);
  }

  private post(message: ToReader): void {
    this.worker?.postMessage(message);
  }

  private receive(message: FromReader): void {
    const { handlers } = this;
    switch (message.kind) {
      case 'joined':
        this.joining?.resolve();
        return;
      case 'notJoined':
        this.joining?.reject(arrived(message.error));
        return;
      case 'assigned':
        handlers.onAssigned(message.assignment, message.partitions, message.memberId);
        return;
      case 'intake':
        handlers.onIntake(message.taken, message.epoch);
        return;
      case 'runs':
        handlers.onRuns(message.runs);
        return;
      case 'gap':
        handlers.onGap(message.epoch);
        return;
      case 'trouble':
        handlers.onTrouble(message.reason);
        return;
      case 'crashed':
        handlers.onCrash(arrived(message.error));
        return;
      case 'lost':
        handlers.onFatal(new InputLost(message.losses));
        return;
      case 'fatal':
        handlers.onFatal(arrived(message.error));
        return;
      case 'stopped':
        this.left = message.left;
        void this.worker?.terminate();
    }
  }
}
