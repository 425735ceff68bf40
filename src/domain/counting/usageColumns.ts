import type { UsageEvent } from '../events.js';
import type { Metric } from '../policy/policy.js';
import { lane, LANES } from './seenIds.js';

export const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];
const SMALLEST = 64;
/** Columns that were this many times too large for what came last are made anew. */
const TOO_LARGE = 8;
/** Ends a list of rows. */
export const NO_ROW = -1;

/**
 * Usage events of a batch in columns, a row each, the rows of an account linked ({@link RowList}). An event near
 * no limit is counted without ever becoming an object; `whole` makes one of a row that needs a closer look.
 */
export class UsageColumns {
  /** The row of the same account that arrived next. */
  next: Int32Array;
  metric: Uint8Array;
  ids: Int32Array;
  /** Of those rows of which the columns tell all (`whole` knows which). */
  eventIds: Int32Array;
  /** Epoch ms. */
  occurredAt: Float64Array;
  /** Business time of arrival, epoch ms. */
  arrivedAt: Float64Array;
  /** 1, or bytes for uploads. */
  amount: Float64Array;
  /** The number of a row's workspace. */
  workspace: Int32Array;
  /** Which cell of its account's run a row belongs to. */
  cell: Int32Array;
  rows = 0;

  constructor(
    /** The event of a row, which is one of the account's. */
    readonly whole: (row: number, accountId: string) => UsageEvent,
    /** Workspace ids by their numbers. */
    public workspaces: readonly string[],
    expected = SMALLEST,
  ) {
    const capacity = Math.max(SMALLEST, expected);
    this.next = new Int32Array(capacity);
    this.metric = new Uint8Array(capacity);
    this.ids = new Int32Array(capacity * LANES);
    this.eventIds = new Int32Array(capacity * LANES);
    this.occurredAt = new Float64Array(capacity);
    this.arrivedAt = new Float64Array(capacity);
    this.amount = new Float64Array(capacity);
    this.workspace = new Int32Array(capacity);
    this.cell = new Int32Array(capacity);
  }

  /** Begins anew in the same memory; what is far too large for what was in it goes. */
  reset(workspaces: readonly string[]): void {
    const expected = Math.max(SMALLEST, this.rows);
    this.workspaces = workspaces;
    this.rows = 0;
    if (this.next.length > expected * TOO_LARGE) this.resize(expected);
  }

  /** Makes room for one more row, without an id yet; returns its number. */
  push(metric: number, workspace: number, amount: number, occurredAt: number, arrivedAt: number): number {
    const row = this.rows;
    if (row === this.next.length) this.resize(row * 2);
    this.next[row] = NO_ROW;
    this.metric[row] = metric;
    this.occurredAt[row] = occurredAt;
    this.arrivedAt[row] = arrivedAt;
    this.amount[row] = amount;
    this.workspace[row] = workspace;
    this.rows = row + 1;
    return row;
  }

  setId(row: number, bytes: Uint8Array): void {
    for (let n = 0; n < LANES; n += 1) this.ids[row * LANES + n] = lane(bytes, n * 4);
  }

  private resize(capacity: number): void {
    const { rows } = this;
    this.next = resized(this.next, rows, new Int32Array(capacity));
    this.metric = resized(this.metric, rows, new Uint8Array(capacity));
    this.ids = resized(this.ids, rows * LANES, new Int32Array(capacity * LANES));
    this.eventIds = resized(this.eventIds, rows * LANES, new Int32Array(capacity * LANES));
    this.occurredAt = resized(this.occurredAt, rows, new Float64Array(capacity));
    this.arrivedAt = resized(this.arrivedAt, rows, new Float64Array(capacity));
    this.amount = resized(this.amount, rows, new Float64Array(capacity));
    this.workspace = resized(this.workspace, rows, new Int32Array(capacity));
    this.cell = resized(this.cell, rows, new Int32Array(capacity));
  }
}

/** What was used of an array, in one of another length. */
export function resized<T extends Int32Array | Uint8Array | Float64Array>(from: T, used: number, into: T): T {
  into.set(from.subarray(0, used));
  return into;
}

/** The rows of one account, in the order of arrival. */
export class RowList {
  /** {@link NO_ROW}: none. */
  first = NO_ROW;
  last = NO_ROW;
  rows = 0;
  /** The earliest event time, epoch ms. */
  since = Infinity;
  /** The earliest and the latest arrival, epoch ms. */
  firstArrival = Infinity;
  lastArrival = -Infinity;

  /** Appends a row to them; no other may follow it. */
  append(columns: UsageColumns, row: number): void {
    if (this.last === NO_ROW) this.first = row;
    else columns.next[this.last] = row;
    this.last = row;
    this.rows += 1;
    const occurred = columns.occurredAt[row] ?? 0;
    const arrived = columns.arrivedAt[row] ?? 0;
    if (occurred < this.since) this.since = occurred;
    if (arrived < this.firstArrival) this.firstArrival = arrived;
    if (arrived > this.lastArrival) this.lastArrival = arrived;
  }
}

/** The same events in columns: all of one account, in this order. */
export function columnsOf(events: readonly UsageEvent[]): { columns: UsageColumns; list: RowList } {
  const workspaces = [...new Set(events.map(({ workspaceId }) => workspaceId))];
  const list = new RowList();
  const columns = new UsageColumns(
    (row) => {
      const event = events[row];
      if (event === undefined) throw new Error(`there is no row ${row}`);
      return event;
    },
    workspaces,
    Math.max(1, events.length),
  );
  for (const event of events) {
    const { metric, workspaceId, amount, occurredAt, arrivedAt } = event;
    const workspace = workspaces.indexOf(workspaceId);
    const row = columns.push(METRICS.indexOf(metric), workspace, amount, occurredAt, arrivedAt);
    columns.setId(row, event.idHash);
    list.append(columns, row);
  }
  return { columns, list };
}
