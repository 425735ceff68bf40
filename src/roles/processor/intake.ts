import type { IdArena } from '../../domain/counting/idChunk.js';
import { ID_BYTES, LANES } from '../../domain/counting/seenIds.js';
import { METRICS, NO_ROW, RowList, UsageColumns } from '../../domain/counting/usageColumns.js';
import { monthOf } from '../../domain/counting/usageWindow.js';
import type { AccountEvent, Refusal, ReplyEvent, UsageEvent } from '../../domain/events.js';
import type { FetchedRange } from '../../kafka/consumer/inputConsumer.js';
import { uuidOf } from '../../kafka/decode/countedId.js';
import type { Decoded } from '../../kafka/decode/decoded.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import type { InputTopic } from '../../kafka/topics.js';
import type { OffsetStep } from '../../postgres/counting/offsets.js';
import type { ParkedEvent } from '../../postgres/counting/parked.js';
import { KeptRecords } from './keptRecords.js';
import { withOwnBytes, type RefusedRecord, type TakenIn } from './takenIn.js';

// One for all: most accounts of a batch have only usage.
const NONE: never[] = [];
const NO_WRITERS = new Map<InputTopic, Set<number>>();

/** What a batch holds of one account. */
export class AccountInput {
  accountEvents: AccountEvent[] = NONE;
  replies: ReplyEvent[] = NONE;
  /** Its snapshot was read. */
  known = false;

  constructor(public usage = new RowList()) {}
}

/** The ids by which accounts and workspaces have their numbers in what was taken in. */
export interface Texts {
  readonly accountIds: readonly string[];
  readonly workspaceIds: readonly string[];
}

/** What one counting transaction counts: steps of offsets, and what the records between them turned out to be. */
export class Intake {
  readonly accounts = new Map<string, AccountInput>();
  readonly refused: RefusedRecord[];
  readonly columns: UsageColumns;
  /** Records by topic and by what they turned out to be. */
  readonly outcomes: Map<string, Map<Decoded['kind'], number>>;
  readonly steps: readonly OffsetStep[];
  readonly ranges: readonly FetchedRange[];
  readonly records: number;
  private readonly kept: KeptRecords;
  private readonly inputs: AccountInput[] = [];

  constructor(
    private readonly taken: TakenIn,
    { accountIds, workspaceIds }: Texts,
    /** For the ids that are new when it is counted. */
    readonly newIds: IdArena,
    private readonly decoder: Pick<Decoder, 'decode'>,
  ) {
    this.ranges = taken.ranges;
    this.records = taken.records;
    // What comes from another thread has lost that its bytes are Buffers.
    this.refused = taken.refused.map(({ record, refusal }) => ({
      refusal,
      record: withOwnBytes(record),
    }));
    this.steps = taken.steps.map((step) => ({ ...step, lastDigest: Buffer.from(step.lastDigest) }));
    this.outcomes = new Map([...taken.outcomes].map(([topic, kinds]) => [topic, new Map(kinds)]));
    this.kept = KeptRecords.of(taken.kept);
    const whole = (row: number, accountId: string): UsageEvent => this.eventOf(row, accountId);
    this.columns = new UsageColumns(whole, workspaceIds, taken.columns);
    this.columns.rows = taken.rows;
    this.readAccounts(accountIds);
  }

  /** Positions among the accounts that were handed over of those that are known now, and were not when they were. */
  newlyKnown(): number[] {
    const { known } = this.taken.accounts;
    return this.inputs.flatMap((input, n) => (input.known && known[n] === 0 ? [n] : []));
  }

  /** The writers' schemas, by topic, by which a record that was kept may have to be decoded. */
  get keptWriters(): ReadonlyMap<InputTopic, ReadonlySet<number>> {
    return this.kept.size === 0 ? NO_WRITERS : this.taken.writers;
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
      this.move(record.topic, 'usage', 'refused');
      this.refused.push({ record: withOwnBytes(record), refusal: refusalOf(month) });
      return;
    }
    input.usage.append(columns, row);
  }

  /** A record is something else than what it was taken for. */
  private move(topic: string, from: Decoded['kind'], to: Decoded['kind']): void {
    const kinds = this.outcomes.get(topic);
    kinds?.set(from, (kinds.get(from) ?? 0) - 1);
    kinds?.set(to, (kinds.get(to) ?? 0) + 1);
  }

  private readAccounts(accountIds: readonly string[]): void {
    const { accounts, accountEvents, replies } = this.taken;
    accounts.account.forEach((account, n) => {
      const usage = new RowList();
      usage.first = accounts.first[n] ?? NO_ROW;
      usage.last = accounts.last[n] ?? NO_ROW;
      usage.rows = accounts.rows[n] ?? 0;
      usage.since = accounts.since[n] ?? Infinity;
      usage.firstArrival = accounts.firstArrival[n] ?? Infinity;
      usage.lastArrival = accounts.lastArrival[n] ?? -Infinity;
      const accountId = accountIds[account];
      if (accountId === undefined) throw new Error(`account number ${account} was not handed over`);
      const input = new AccountInput(usage);
      this.inputs.push(input);
      this.accounts.set(accountId, input);
    });
    for (const event of accountEvents) {
      const input = this.inputOf(event.accountId);
      input.accountEvents = appended(input.accountEvents, event);
    }
    for (const reply of replies) {
      const input = this.inputOf(reply.accountId);
      input.replies = appended(input.replies, reply);
    }
  }

  private inputOf(accountId: string): AccountInput {
    const input = this.accounts.get(accountId);
    if (input === undefined) throw new Error(`account ${accountId} was not handed over`);
    return input;
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
    const { metric, workspace, workspaces, ids, eventIds, occurredAt, arrivedAt } = this.columns;
    const idAt = ids.byteOffset + row * ID_BYTES;
    return {
      metric: METRICS[metric[row] ?? 0] ?? 'chats',
      eventId: uuidOf(eventIds, row * LANES),
      accountId,
      workspaceId: workspaces[workspace[row] ?? 0] ?? '',
      idHash: new Uint8Array(ids.buffer, idAt, ID_BYTES).slice(),
      amount: this.columns.amountOf(row),
      occurredAt: occurredAt[row] ?? 0,
      arrivedAt: arrivedAt[row] ?? 0,
    };
  }
}

function appended<T>(list: T[], one: T): T[] {
  if (list === NONE) return [one];
  list.push(one);
  return list;
}
