import { IdArena } from '../../domain/counting/idChunk.js';
import { monthOf } from '../../domain/counting/usageWindow.js';
import { ID_BYTES, LANES } from '../../domain/counting/seenIds.js';
import { METRICS, NO_ROW, RowList, UsageColumns } from '../../domain/counting/usageColumns.js';
import type { AccountEvent, Refusal, ReplyEvent, UsageEvent } from '../../domain/events.js';
import type { FetchedRecords } from '../../kafka/consumer/fetchedRecords.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import { uuidOf } from '../../kafka/decode/countedId.js';
import type { Decoded } from '../../kafka/decode/decoded.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { Interner } from '../../kafka/decode/interner.js';
import type { OffsetStep } from '../../postgres/counting/offsets.js';
import type { LogRecord, ParkedEvent } from '../../postgres/counting/parked.js';
import { keyOf } from '../../support/partitionKey.js';
import { KeptRecords } from './keptRecords.js';

// A transaction this large is counted in some two seconds; more would make a retry dearer and take more memory.
const MAX_RECORDS = 640_000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
// One for all: most accounts of a batch have only usage.
const NONE: never[] = [];

/** What a batch holds of one account. */
export class AccountInput {
  usage = new RowList();
  accountEvents: AccountEvent[] = NONE;
  replies: ReplyEvent[] = NONE;

  /** @param known its snapshot was read before: records are not kept of rows whose columns tell all */
  constructor(public known = false) {}
}

function appended<T>(list: T[], one: T): T[] {
  if (list === NONE) return [one];
  list.push(one);
  return list;
}

/**
 * What is taken in between two counting transactions: steps of offsets, and what the records between them turned out to
 * be, per account and in the order of arrival.
 */
export class Intake {
  readonly accounts = new Map<string, AccountInput>();
  readonly refused: { readonly record: LogRecord; readonly refusal: Refusal }[] = [];
  readonly columns: UsageColumns;
  /** For the ids that are new when it is counted. */
  readonly newIds = new IdArena();
  /** Records by topic and by what they turned out to be. */
  readonly outcomes = new Map<string, Map<Decoded['kind'], number>>();
  records = 0;
  private readonly stepOf = new Map<string, OffsetStep>();
  private readonly kept = new KeptRecords();
  private now: { readonly of: TopicPartition; readonly records: FetchedRecords } | null = null;

  constructor(
    private readonly decoder: Pick<Decoder, 'decode'>,
    /** Numbers workspace ids, and keeps the numbers while the intake is in use. */
    private readonly workspaces = new Interner(),
  ) {
    this.columns = new UsageColumns((row, accountId) => this.eventOf(row, accountId), workspaces.texts);
  }

  /** It should be counted before more is taken in. */
  get isFull(): boolean {
    return this.records >= MAX_RECORDS || this.kept.size >= MAX_KEPT_BYTES;
  }

  /** Begins anew in the same memory: as much is allocated for a batch as all accounts have. */
  reset(): void {
    this.accounts.clear();
    this.refused.length = 0;
    this.outcomes.clear();
    this.stepOf.clear();
    this.records = 0;
    this.newIds.reset();
    this.columns.reset(this.workspaces.texts);
    this.kept.reset();
  }

  get steps(): readonly OffsetStep[] {
    return [...this.stepOf.values()];
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
      const input = this.inputOf(decoded.event.accountId);
      input.accountEvents = appended(input.accountEvents, decoded.event);
    } else if (decoded.kind === 'reply') {
      const input = this.inputOf(decoded.event.accountId);
      input.replies = appended(input.replies, decoded.event);
    } else if (decoded.kind === 'usage') {
      const { metric, accountId, workspaceId, amount, occurredAt, arrivedAt, idHash } = decoded.event;
      const workspace = this.workspaces.numberOfText(workspaceId);
      const row = this.columns.push(METRICS.indexOf(metric), workspace, amount, occurredAt, arrivedAt);
      this.columns.setId(row, idHash);
      this.inputOf(accountId).usage.append(this.columns, row);
      this.keep(row, index);
    } else if (decoded.kind === 'refused') {
      const { offset, key, value } = records.at(index);
      const record = { ...of, offset, key: copied(key), value: copied(value) };
      this.refused.push({ record, refusal: decoded.refusal });
    }
  }

  /** Keeps the `index`-th record, of which the row was made. */
  keep(row: number, index: number): void {
    this.kept.keep(row, this.fetched.records.at(index));
  }

  rowsOf({ usage }: AccountInput): number[] {
    const rows: number[] = [];
    for (let row = usage.first; row !== NO_ROW; row = this.columns.next[row] ?? NO_ROW) rows.push(row);
    return rows;
  }

  /** A row as it is kept until its account is known. */
  parkable(row: number, accountId: string): ParkedEvent {
    return { event: this.eventOf(row, accountId), record: this.kept.recordOf(row) };
  }

  /** The UTC months (`YYYY-MM-01`) from the earliest event's to the latest one's. */
  months(): Set<string> {
    const { occurredAt, rows } = this.columns;
    let [earliest, latest] = [Infinity, -Infinity];
    for (let row = 0; row < rows; row += 1) {
      const at = occurredAt[row] ?? 0;
      if (at < earliest) earliest = at;
      if (at > latest) latest = at;
    }
    const months = new Set<string>();
    for (let at = earliest; at < latest; at += 27 * 86_400_000) months.add(monthOf(at));
    if (latest > -Infinity) months.add(monthOf(latest));
    return months;
  }

  /** Refuses the usage of some months instead of counting it. */
  refuseMonths(months: ReadonlySet<string>, refusalOf: (month: string) => Refusal): void {
    for (const input of this.accounts.values()) {
      const rows = this.rowsOf(input);
      input.usage = new RowList();
      for (const row of rows) this.keepOrRefuse(input, row, months, refusalOf);
    }
  }

  private keepOrRefuse(
    input: AccountInput,
    row: number,
    months: ReadonlySet<string>,
    refusalOf: (month: string) => Refusal,
  ): void {
    const { columns } = this;
    const month = monthOf(columns.occurredAt[row] ?? 0);
    columns.next[row] = NO_ROW;
    if (months.has(month)) {
      const record = this.kept.recordOf(row);
      this.note(record.topic, 'usage', -1);
      this.note(record.topic, 'refused', 1);
      this.refused.push({ record, refusal: refusalOf(month) });
      return;
    }
    input.usage.append(columns, row);
  }

  /** What it holds of an account; begun where there is nothing. */
  inputOf(accountId: string): AccountInput {
    let input = this.accounts.get(accountId);
    if (input === undefined) this.accounts.set(accountId, (input = new AccountInput()));
    return input;
  }

  private get fetched(): { readonly of: TopicPartition; readonly records: FetchedRecords } {
    if (this.now === null) throw new Error('no records were begun');
    return this.now;
  }

  private eventOf(row: number, accountId: string): UsageEvent {
    return this.kept.has(row) ? this.decodedOf(row) : this.eventInColumns(row, accountId);
  }

  private decodedOf(row: number): UsageEvent {
    const { topic, key, value } = this.kept.recordOf(row);
    const arrivedAt = this.columns.arrivedAt[row] ?? 0;
    const decoded = this.decoder.decode({ topic, key, value, arrivedAt });
    if (decoded.kind !== 'usage') throw new Error(`a row was made of a record that is ${decoded.kind}`);
    return decoded.event;
  }

  private eventInColumns(row: number, accountId: string): UsageEvent {
    const { metric, workspace, workspaces, ids, eventIds, amount, occurredAt, arrivedAt } = this.columns;
    return {
      metric: METRICS[metric[row] ?? 0] ?? 'chats',
      eventId: uuidOf(eventIds, row * LANES),
      accountId,
      workspaceId: workspaces[workspace[row] ?? 0] ?? '',
      idHash: new Uint8Array(ids.buffer.slice(row * ID_BYTES, (row + 1) * ID_BYTES)),
      amount: amount[row] ?? 0,
      occurredAt: occurredAt[row] ?? 0,
      arrivedAt: arrivedAt[row] ?? 0,
    };
  }
}

function copied(part: Buffer | null): Buffer | null {
  return part === null ? null : Buffer.from(part);
}
