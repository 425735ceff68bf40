import type { UsageEvent } from '../events.js';
import type { Metric } from '../policy/policy.js';
import { lane, LANES } from './seenIds.js';
import { columnsIn, moved, roomFor } from './sharedColumns.js';

export const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];
/** The number of the metric whose amounts are bytes. */
export const UPLOADS = METRICS.indexOf('upload_bytes');
const SMALLEST = 64;
/** Columns of which this many times more was written than for what came last are made anew. */
const TOO_LARGE = 8;
/** Ends a list of rows. */
export const NO_ROW = -1;

// Memory that was never written to costs nothing; what is outgrown is garbage until much later.
const MANY = 16_384;
const ROOM_FOR_MANY = 1 << 20;

const LAYOUT = {
  occurredAt: [Float64Array, 1],
  arrivedAt: [Float64Array, 1],
  bytes: [Float64Array, 1],
  next: [Int32Array, 1],
  ids: [Int32Array, LANES],
  eventIds: [Int32Array, LANES],
  workspace: [Int32Array, 1],
  cell: [Int32Array, 1],
  metric: [Uint8Array, 1],
} as const;

/**
 * Usage events of a batch in columns, a row each, the rows of an account linked ({@link RowList}). In shared memory: one
 * thread fills them, another counts them.
 */
export class UsageTable {
  /** Epoch ms. */
  occurredAt!: Float64Array;
  /** Business time of arrival, epoch ms. */
  arrivedAt!: Float64Array;
  /** Of uploads; of nothing else is it written or read, so it costs nothing where there are none. */
  private bytes!: Float64Array;
  /** The row of the same account that arrived next. */
  next!: Int32Array;
  ids!: Int32Array;
  /** Of those rows of which the columns tell all (`whole` knows which). */
  eventIds!: Int32Array;
  /** The number of a row's workspace. */
  workspace!: Int32Array;
  /** Which cell of its account's run a row belongs to. */
  cell!: Int32Array;
  metric!: Uint8Array;
  rows = 0;
  /** The most rows that were written in this memory. */
  private most = 0;

  constructor(public buffer = roomFor(LAYOUT, SMALLEST)) {
    this.use(buffer);
  }

  /** Begins anew in the same memory; it goes when far more of it was written than for what was in it last. */
  reset(): void {
    const expected = Math.max(SMALLEST, this.rows);
    this.most = Math.max(this.most, this.rows);
    this.rows = 0;
    if (this.most <= expected * TOO_LARGE) return;
    this.most = 0;
    this.use(roomFor(LAYOUT, expected));
  }

  /** Makes room for one more row, without an id yet; returns its number. The amount counts of uploads only. */
  push(metric: number, workspace: number, amount: number, occurredAt: number, arrivedAt: number): number {
    const row = this.rows;
    if (row === this.next.length) this.use(moved(LAYOUT, this.buffer, row, roomAfter(row)));
    this.next[row] = NO_ROW;
    this.metric[row] = metric;
    this.occurredAt[row] = occurredAt;
    this.arrivedAt[row] = arrivedAt;
    if (metric === UPLOADS) this.bytes[row] = amount;
    this.workspace[row] = workspace;
    this.rows = row + 1;
    return row;
  }

  /** Bytes of an upload, 1 of anything else. */
  amountOf(row: number): number {
    return this.metric[row] === UPLOADS ? (this.bytes[row] ?? 0) : 1;
  }

  setId(row: number, bytes: Uint8Array): void {
    for (let n = 0; n < LANES; n += 1) this.ids[row * LANES + n] = lane(bytes, n * 4);
  }

  private use(buffer: SharedArrayBuffer): void {
    this.buffer = buffer;
    const columns = columnsIn(LAYOUT, buffer);
    this.occurredAt = columns.occurredAt;
    this.arrivedAt = columns.arrivedAt;
    this.bytes = columns.bytes;
    this.next = columns.next;
    this.ids = columns.ids;
    this.eventIds = columns.eventIds;
    this.workspace = columns.workspace;
    this.cell = columns.cell;
    this.metric = columns.metric;
  }
}

/** How many rows there is room for next, when there is none for more than so many. */
function roomAfter(rows: number): number {
  return rows < MANY ? rows * 2 : Math.max(rows * 2, ROOM_FOR_MANY);
}

/** Rows that are counted. An event near no limit is counted without ever becoming an object. */
export class UsageColumns extends UsageTable {
  constructor(
    /** Makes an object of a row, which is one of the account's, for a closer look. */
    readonly whole: (row: number, accountId: string) => UsageEvent,
    /** Workspace ids by their numbers. */
    readonly workspaces: readonly string[],
    buffer?: SharedArrayBuffer,
  ) {
    super(buffer);
  }
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
  append(columns: UsageTable, row: number): void {
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
    roomFor(LAYOUT, Math.max(1, events.length)),
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
