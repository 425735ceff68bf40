import { METRICS, RowList, UsageTable } from '../../../domain/counting/usageColumns.js';
import type { AccountEvent, ReplyEvent } from '../../../domain/events.js';
import type { FetchedRecords } from '../../../kafka/consumer/fetchedRecords.js';
import type { FetchedRange, TopicPartition } from '../../../kafka/consumer/inputConsumer.js';
import type { Decoded } from '../../../kafka/decode/decoded.js';
import type { Interner } from '../../../kafka/decode/interner.js';
import type { InputTopic } from '../../../kafka/topics.js';
import type { OffsetStep } from '../../../postgres/counting/offsets.js';
import { keyOf } from '../../../support/partitionKey.js';
import { KeptRecords } from '../keptRecords.js';
import { withOwnBytes, type AccountRows, type RefusedRecord, type TakenIn } from '../takenIn.js';

// A transaction this large is counted in one to two seconds; more would make a retry dearer and take more memory.
const MAX_RECORDS = 416_000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
// After a start no account is known, and every record is kept: once some transactions are through, few are.
const MAX_UNKNOWN_RECORDS = 40_000;

/** Whether an account, by its number, was known when it was counted last. */
type IsKnown = (account: number) => boolean;

/** Where ids get their numbers. */
export interface Numbers {
  readonly accounts: Interner;
  readonly workspaces: Interner;
}

/**
 * What is taken in between two counting transactions: steps of offsets, and what the records between them turned out to
 * be, per account and in the order of arrival.
 */
export class OpenIntake {
  readonly columns = new UsageTable();
  records = 0;
  /** Records kept because nobody knows whether their accounts are known. */
  unknown = 0;
  private accountEvents: AccountEvent[] = [];
  private replies: ReplyEvent[] = [];
  private refused: RefusedRecord[] = [];
  private outcomes = new Map<string, Map<Decoded['kind'], number>>();
  private writers = new Map<InputTopic, Set<number>>();
  private ranges: FetchedRange[] = [];
  private readonly stepOf = new Map<string, OffsetStep>();
  private readonly kept = new KeptRecords();
  /** By the numbers of accounts: looked at for every record, a map of ids would cost more. */
  private readonly lists: (RowList | undefined)[] = [];
  /** The numbers of those that are there. */
  private readonly held: number[] = [];
  private now: { readonly of: TopicPartition; readonly records: FetchedRecords } | null = null;

  /** The numbers must stay what they are while the intake is in use. */
  constructor(private readonly numbers: Numbers) {}

  /** It should be counted before more is taken in. */
  get isFull(): boolean {
    if (this.records >= MAX_RECORDS || this.unknown >= MAX_UNKNOWN_RECORDS) return true;
    return this.kept.size >= MAX_KEPT_BYTES;
  }

  /** Nothing was read for it. */
  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** Begins anew in the same memory: as much is allocated for a batch as all accounts have. */
  reset(): void {
    for (const account of this.held) this.lists[account] = undefined;
    this.held.length = 0;
    this.accountEvents = [];
    this.replies = [];
    this.refused = [];
    this.outcomes = new Map();
    this.writers = new Map();
    this.ranges = [];
    this.stepOf.clear();
    this.records = 0;
    this.unknown = 0;
    this.columns.reset();
    this.kept.reset();
  }

  /** The log was read on, whether there was something to count or not. */
  cover({ topic, partition, fetchedFrom, next, high }: FetchedRange): void {
    this.ranges.push({ topic, partition, fetchedFrom, next, high });
  }

  /** Moves a partition on; steps of one partition follow one another. */
  step(step: OffsetStep): void {
    const key = keyOf(step);
    const before = this.stepOf.get(key);
    this.stepOf.set(key, before === undefined ? step : { ...step, expected: before.expected });
  }

  /** Counts records for the metrics. */
  note(topic: string, kind: Decoded['kind'], records: number): void {
    if (records === 0) return;
    const kinds = this.outcomes.get(topic) ?? new Map<Decoded['kind'], number>();
    kinds.set(kind, (kinds.get(kind) ?? 0) + records);
    this.outcomes.set(topic, kinds);
    this.records += records;
  }

  /** What is taken in until {@link end} are these records. */
  begin(of: TopicPartition, records: FetchedRecords): void {
    this.now = { of, records };
    this.kept.begin(of);
  }

  /** What was fetched is let go of. */
  end(): void {
    this.now = null;
  }

  /** Takes in what the `index`-th record was decoded to; its usage event, if it is one, becomes a row. */
  take(index: number, decoded: Decoded): void {
    const { of, records } = this.fetched;
    this.note(of.topic, decoded.kind, 1);
    if (decoded.kind === 'account') {
      this.accountEvents.push(decoded.event);
      this.listOfText(decoded.event.accountId);
    } else if (decoded.kind === 'reply') {
      this.replies.push(decoded.event);
      this.listOfText(decoded.event.accountId);
    } else if (decoded.kind === 'usage') {
      const { metric, accountId, workspaceId, amount, occurredAt, arrivedAt, idHash } = decoded.event;
      const workspace = this.numbers.workspaces.numberOfText(workspaceId);
      const row = this.columns.push(METRICS.indexOf(metric), workspace, amount, occurredAt, arrivedAt);
      this.columns.setId(row, idHash);
      this.listOfText(accountId).append(this.columns, row);
      this.keep(row, index);
    } else if (decoded.kind === 'refused') {
      const { offset, key, value } = records.at(index);
      const record = withOwnBytes({ ...of, offset, key, value });
      this.refused.push({ record, refusal: decoded.refusal });
    }
  }

  /** Records of this writer's schema are among those of a topic. */
  noteWriter(topic: InputTopic, schemaId: number): void {
    const ids = this.writers.get(topic) ?? new Set<number>();
    this.writers.set(topic, ids.add(schemaId));
  }

  /** Keeps the `index`-th record, of which the row was made. */
  keep(row: number, index: number): void {
    this.kept.keep(row, this.fetched.records.at(index));
  }

  /** The rows of an account; begun where there are none. */
  listOf(account: number): RowList {
    return (this.lists[account] ??= this.begun(account));
  }

  /** All of it, for the thread that counts. */
  handOver(texts: Pick<TakenIn, 'accountIds' | 'workspaceIds'>, isKnown: IsKnown = () => false): TakenIn {
    const { accountEvents, replies, refused, ranges, outcomes, writers, records, columns } = this;
    return {
      ...texts,
      accounts: this.accountRows(isKnown),
      columns: columns.buffer,
      rows: columns.rows,
      kept: this.kept.parts,
      accountEvents,
      replies,
      refused,
      steps: [...this.stepOf.values()],
      ranges,
      outcomes,
      writers,
      records,
    };
  }

  /** The number of the `n`-th account that is handed over. */
  accountAt(n: number): number | undefined {
    return this.held[n];
  }

  private accountRows(isKnown: IsKnown): AccountRows {
    const count = this.held.length;
    const ints = (): Int32Array => new Int32Array(count);
    const floats = (): Float64Array => new Float64Array(count);
    const rows = {
      ...{ account: Int32Array.from(this.held), first: ints(), last: ints(), rows: ints() },
      ...{ since: floats(), firstArrival: floats(), lastArrival: floats(), known: new Uint8Array(count) },
    };
    this.held.forEach((account, n) => {
      const list = this.listOf(account);
      rows.first[n] = list.first;
      rows.last[n] = list.last;
      rows.rows[n] = list.rows;
      rows.since[n] = list.since;
      rows.firstArrival[n] = list.firstArrival;
      rows.lastArrival[n] = list.lastArrival;
      rows.known[n] = isKnown(account) ? 1 : 0;
    });
    return rows;
  }

  private listOfText(accountId: string): RowList {
    return this.listOf(this.numbers.accounts.numberOfText(accountId));
  }

  private begun(account: number): RowList {
    this.held.push(account);
    return new RowList();
  }

  private get fetched(): { readonly of: TopicPartition; readonly records: FetchedRecords } {
    if (this.now === null) throw new Error('no records were begun');
    return this.now;
  }
}
