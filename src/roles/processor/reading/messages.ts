import type { KafkaSettings } from '../../../kafka/client.js';
import type { TopicPartition } from '../../../kafka/consumer/inputConsumer.js';
import type { LogBounds } from '../../../kafka/consumer/logBounds.js';
import type { EmptyRun, Position } from '../../../postgres/counting/offsets.js';
import type { CarriedError } from '../../../support/carriedError.js';
import type { Loss } from '../inputLost.js';
import type { TakenIn } from '../takenIn.js';

/** What the reading thread is given when it is started. */
export interface ReaderSettings {
  readonly kafka: KafkaSettings;
  readonly registryUrl: string;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** From real time to business time. */
  readonly shiftMs: number;
  readonly logLevel: string;
  /** One number (float64): when the last fetch came back, by {@link steadyMs}; 0: none yet. */
  readonly fetchedAt: SharedArrayBuffer;
}

/** Where a partition begins: what the broker has of it, and what the database has counted. */
export type PartitionStart = LogBounds & { readonly position: Position | undefined };

export type ToReader =
  /** Join the group, again after a crash; answered by `joined` or `notJoined`. */
  | { readonly kind: 'join' }
  /** Nothing that was read and is not being counted holds any more; read nothing until `begin`. */
  | { readonly kind: 'forget'; readonly epoch: number }
  /** Read these, of the assignment of that number. */
  | { readonly kind: 'begin'; readonly assignment: number; readonly partitions: readonly PartitionStart[] }
  /** The intake that was handed over was counted, or not: its memory is free. */
  | { readonly kind: 'takeBack'; readonly counted: boolean; readonly known: readonly number[] }
  | { readonly kind: 'runSaved'; readonly run: EmptyRun }
  /** Leave the group and end; answered by `stopped`. */
  | { readonly kind: 'stop' };

export type FromReader =
  | { readonly kind: 'joined' }
  | { readonly kind: 'notJoined'; readonly error: CarriedError }
  | {
      readonly kind: 'assigned';
      readonly assignment: number;
      readonly partitions: readonly TopicPartition[];
      readonly memberId: string;
    }
  /** Counted next; the one before was taken back. Read since the `forget` of that epoch. */
  | { readonly kind: 'intake'; readonly epoch: number; readonly taken: TakenIn }
  /** All runs of the log that held nothing to count and are not written down. */
  | { readonly kind: 'runs'; readonly runs: readonly EmptyRun[] }
  /**
   * What was fetched does not follow on what was read since the `forget` of that epoch: positions must be read again.
   * Nothing is read before the next `begin`.
   */
  | { readonly kind: 'gap'; readonly epoch: number }
  /** Taking in waits for a server, or (null) does not any more. */
  | { readonly kind: 'trouble'; readonly reason: string | null }
  /** The consumer has ended and will not come back by itself. */
  | { readonly kind: 'crashed'; readonly error: CarriedError }
  | { readonly kind: 'lost'; readonly losses: readonly [Loss, ...Loss[]] }
  | { readonly kind: 'fatal'; readonly error: CarriedError }
  /** `left`: the group knows. */
  | { readonly kind: 'stopped'; readonly left: boolean };

/** A clock that never goes back and is the same in all threads of the process (ms). */
export function steadyMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
