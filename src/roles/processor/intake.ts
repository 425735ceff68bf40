import { monthOf } from '../../domain/counting/usageWindow.js';
import { METRICS, NO_ROW, RowList, UsageColumns } from '../../domain/counting/usageColumns.js';
import type { AccountEvent, Refusal, ReplyEvent, UsageEvent } from '../../domain/events.js';
import type { FetchedRecords } from '../../kafka/consumer/fetchedRecords.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { Decoded } from '../../kafka/decode/decoded.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import { Interner } from '../../kafka/decode/interner.js';
import type { OffsetStep } from '../../postgres/counting/offsets.js';
import type { LogRecord, ParkedEvent } from '../../postgres/counting/parked.js';
import { RowRecords } from './rowRecords.js';

// One for all: most accounts of a batch have only usage.
const NONE: never[] = [];

/** What a batch holds of one account. */
export class AccountInput {
  usage = new RowList();
  accountEvents: AccountEvent[] = NONE;
  replies: ReplyEvent[] = NONE;
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
  /** Records by topic and by what they turned out to be. */
  readonly outcomes = new Map<string, Map<Decoded['kind'], number>>();
  records = 0;
  private topic = '';
  private readonly stepOf = new Map<string, OffsetStep>();
  private readonly rowRecords: RowRecords;

  /** @param workspaces numbers workspace ids, and keeps the numbers while the intake is in use */
  constructor(
    private readonly workspaces = new Interner(),
    capacity?: number,
  ) {
    this.columns = new UsageColumns((row) => this.eventOf(row), workspaces.texts, capacity);
    this.rowRecords = new RowRecords(capacity);
  }

  get steps(): readonly OffsetStep[] {
    return [...this.stepOf.values()];
  }

  /** Moves a partition on; steps of one partition follow one another. */
  step(step: OffsetStep): void {
    const key = `${step.topic}/${step.partition}`;
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

  /** What is taken in from here on are these records. */
  begin(of: TopicPartition, records: FetchedRecords, decoder: Pick<Decoder, 'decode'>): void {
    this.rowRecords.begin(this.columns.rows, of, records, decoder);
    this.topic = of.topic;
  }

  /** Takes in what the `index`-th record was decoded to; its usage event, if it is one, becomes a row. */
  take(index: number, decoded: Decoded): void {
    this.note(this.topic, decoded.kind, 1);
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
      this.link(this.inputOf(accountId), row, index);
    } else if (decoded.kind === 'refused') {
      this.refused.push({ record: this.rowRecords.current(index), refusal: decoded.refusal });
    }
  }

  /** Appends a row of the columns, read from the `index`-th record, to those of its account. */
  link(input: AccountInput, row: number, index: number): void {
    this.rowRecords.keep(row, index);
    input.usage.append(this.columns, row);
  }

  rowsOf({ usage }: AccountInput): number[] {
    const rows: number[] = [];
    for (let row = usage.first; row !== NO_ROW; row = this.columns.next[row] ?? NO_ROW) rows.push(row);
    return rows;
  }

  /** A row as it is kept until its account is known. */
  parkable(row: number): ParkedEvent {
    return { event: this.eventOf(row), record: this.recordOf(row) };
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
      const record = this.recordOf(row);
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

  private recordOf(row: number): LogRecord {
    return this.rowRecords.recordOf(row);
  }

  private eventOf(row: number): UsageEvent {
    return this.rowRecords.eventOf(row, this.columns.arrivedAt[row] ?? 0);
  }
}
