import type { UsageEvent } from '../events.js';
import type { Metric } from '../policy/policy.js';
import { lane, LANES } from './seenIds.js';

export const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];
const SMALLEST = 64;
/** Ends a list of rows. */
export const NO_ROW = -1;

/**
 * Usage events of a batch in columns, a row each, the rows of an account linked in the order of arrival. An event near
 * no limit is counted without ever becoming an object; `whole` makes one of a row that needs a closer look.
 */
export class UsageColumns {
  /** The row of the same account that arrived next. */
  next: Int32Array;
  metric: Uint8Array;
  ids: Int32Array;
  /** Epoch ms. */
  occurredAt: Float64Array;
  /** Business time of arrival, epoch ms. */
  arrivedAt: Float64Array;
  /** 1, or bytes for uploads. */
  amount: Float64Array;
  readonly workspace: string[] = [];
  /** Which cell of its account's run a row belongs to. */
  cell: Int32Array;
  rows = 0;

  constructor(
    readonly whole: (row: number) => UsageEvent,
    expected = SMALLEST,
  ) {
    const capacity = Math.max(SMALLEST, expected);
    this.next = new Int32Array(capacity);
    this.metric = new Uint8Array(capacity);
    this.ids = new Int32Array(capacity * LANES);
    this.occurredAt = new Float64Array(capacity);
    this.arrivedAt = new Float64Array(capacity);
    this.amount = new Float64Array(capacity);
    this.cell = new Int32Array(capacity);
  }

  /** Makes room for one more row, without an id yet; returns its number. */
  push(metric: number, workspaceId: string, amount: number, occurredAt: number, arrivedAt: number): number {
    const row = this.rows;
    if (row === this.next.length) this.grow();
    this.next[row] = NO_ROW;
    this.metric[row] = metric;
    this.occurredAt[row] = occurredAt;
    this.arrivedAt[row] = arrivedAt;
    this.amount[row] = amount;
    this.workspace.push(workspaceId);
    this.rows = row + 1;
    return row;
  }

  setId(row: number, bytes: Uint8Array): void {
    for (let n = 0; n < LANES; n += 1) this.ids[row * LANES + n] = lane(bytes, n * 4);
  }

  private grow(): void {
    const capacity = this.next.length * 2;
    this.next = larger(this.next, new Int32Array(capacity));
    this.metric = larger(this.metric, new Uint8Array(capacity));
    this.ids = larger(this.ids, new Int32Array(capacity * LANES));
    this.occurredAt = larger(this.occurredAt, new Float64Array(capacity));
    this.arrivedAt = larger(this.arrivedAt, new Float64Array(capacity));
    this.amount = larger(this.amount, new Float64Array(capacity));
    this.cell = larger(this.cell, new Int32Array(capacity));
  }
}

function larger<T extends Int32Array | Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** The same events in columns: all of one account, in this order. */
export function columnsOf(events: readonly UsageEvent[]): UsageColumns {
  const columns = new UsageColumns(
    (row) => {
      const event = events[row];
      if (event === undefined) throw new Error(`there is no row ${row}`);
      return event;
    },
    Math.max(1, events.length),
  );
  for (const event of events) {
    const { metric, workspaceId, amount, occurredAt, arrivedAt } = event;
    const row = columns.push(METRICS.indexOf(metric), workspaceId, amount, occurredAt, arrivedAt);
    columns.setId(row, event.idHash);
    if (row > 0) columns.next[row - 1] = row;
  }
  return columns;
}
