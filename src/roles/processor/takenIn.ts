import type { AccountEvent, Refusal, ReplyEvent } from '../../domain/events.js';
import type { FetchedRange } from '../../kafka/consumer/inputConsumer.js';
import type { Decoded } from '../../kafka/decode/decoded.js';
import type { InputTopic } from '../../kafka/topics.js';
import type { OffsetStep } from '../../postgres/counting/offsets.js';
import type { LogRecord } from '../../postgres/counting/parked.js';
import type { KeptParts } from './keptRecords.js';

/** Texts by their numbers, from `from` on; 0: all of them, the numbers of before mean nothing any more. */
export interface NewTexts {
  readonly from: number;
  readonly texts: readonly string[];
}

export interface RefusedRecord {
  readonly record: LogRecord;
  readonly refusal: Refusal;
}

/** The same record with bytes of its own: those it was read from are used again, or have come from another thread. */
export function withOwnBytes<T extends Pick<LogRecord, 'key' | 'value'>>(record: T): T {
  return { ...record, key: copied(record.key), value: copied(record.value) };
}

function copied(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}

/** The rows of accounts: what a `RowList` has, an array for each of its fields. */
export interface AccountRows {
  /** Numbers of the accounts, in the order of their first rows. */
  readonly account: Int32Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly rows: Int32Array;
  readonly since: Float64Array;
  readonly firstArrival: Float64Array;
  readonly lastArrival: Float64Array;
  /** 1: the account was known when it was counted last; then records are not kept of rows whose columns tell all. */
  readonly known: Uint8Array;
}

/** What is taken in between two counting transactions, as it is handed from the thread that reads to the one that counts. */
export interface TakenIn {
  /** Account and workspace ids that were not handed over before. */
  readonly accountIds: NewTexts;
  readonly workspaceIds: NewTexts;
  readonly accounts: AccountRows;
  /** The usage of those accounts; they stay the reading thread's, to be used again when the intake was counted. */
  readonly columns: SharedArrayBuffer;
  readonly rows: number;
  readonly kept: KeptParts;
  readonly accountEvents: readonly AccountEvent[];
  readonly replies: readonly ReplyEvent[];
  readonly refused: readonly RefusedRecord[];
  readonly steps: readonly OffsetStep[];
  /** What was read of the log, with or without anything to count. */
  readonly ranges: readonly FetchedRange[];
  /** Records by topic and by what they turned out to be. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<Decoded['kind'], number>>;
  /**
   * The writers' schemas by which records could be read, by topic. Not those that the registry did not know: whoever asks
   * for one later learns later that it is known now, and must not refuse what was made a row of.
   */
  readonly writers: ReadonlyMap<InputTopic, ReadonlySet<number>>;
  readonly records: number;
}
