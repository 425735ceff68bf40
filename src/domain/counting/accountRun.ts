import { planBefore } from '../accounts/account.js';
import { putUnder } from '../judging/judge.js';
import { LEDGER_REACH_MS, NO_LEDGER, type Ledger } from '../judging/ledger.js';
import { limitOf, rulingFor, type Ruling } from '../judging/limits.js';
import { followPolicy, needsOfPolicy } from '../judging/policyChange.js';
import { fileSizeFor, policyAt } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import { scopeId, type UsageWindow } from './accountState.js';
import { plus, WHOLE_ACCOUNT } from './buckets.js';
import { Cell, Tally, type Counting } from './cell.js';
import { countNew, openRow, risenPeak, rowsOf } from './count.js';
import { LANES } from './seenIds.js';
import { METRICS, NO_ROW, type UsageColumns } from './usageColumns.js';

/** Everything is counted. */
export const DONE = -1;

/**
 * Counts the events of one account in one batch, to exactly what `countEvent` makes of them one after the other
 * (a property test holds it to that). The reason for its own way: counting is a sum, and only an event that takes a
 * figure to its next level is told apart from its neighbours. So events are added to slots and tallies; the one that
 * could take a row to where it is judged is counted by the plain function, after the tallies were put into the rows.
 */
export class AccountRun {
  readonly cells: Cell[] = [];
  private readonly tallies: Tally[] = [];
  private firstArrival = Infinity;
  private lastArrival = -Infinity;
  /** The earliest event time, epoch ms. */
  since = Infinity;
  /** A policy version comes into force with one of the events: all are counted one by one. */
  private readonly policyChanges: boolean;

  constructor(
    readonly counting: Counting,
    private readonly columns: UsageColumns,
    private readonly first: number,
  ) {
    this.layOut();
    const { state, context } = counting;
    if (state.account === null) throw new Error(`account ${state.accountId} is not known`);
    this.policyChanges = needsOfPolicy(state.account, this.lastArrival, context).length > 0;
    if (this.policyChanges) for (const cell of this.cells) cell.plain = true;
  }

  /** Sorts the events into cells; opens windows of the calendar on the way. */
  private layOut(): void {
    const { cells, columns } = this;
    const { metric, occurredAt, arrivedAt, workspace } = columns;
    let last = 0;
    for (let row = this.first; row !== NO_ROW; row = columns.next[row] ?? NO_ROW) {
      const at = occurredAt[row] ?? 0;
      const arrived = arrivedAt[row] ?? 0;
      if (at < this.since) this.since = at;
      if (arrived < this.firstArrival) this.firstArrival = arrived;
      if (arrived > this.lastArrival) this.lastArrival = arrived;
      const hour = Math.floor(at / HOUR_MS) * HOUR_MS;
      const name = METRICS[metric[row] ?? 0] ?? 'chats';
      const workspaceId = workspace[row] ?? '';
      const cell = cells[last];
      if (cell?.hour !== hour || cell.metric !== name || cell.workspaceId !== workspaceId) {
        last = this.cellOf(name, hour, workspaceId, at);
      }
      columns.cell[row] = last;
    }
  }

  private cellOf(metric: Cell['metric'], hour: number, workspaceId: string, at: number): number {
    const { cells } = this;
    for (let n = 0; n < cells.length; n += 1) {
      const cell = cells[n];
      if (cell?.hour === hour && cell.metric === metric && cell.workspaceId === workspaceId) return n;
    }
    const { state, changes } = this.counting;
    return cells.push(new Cell(state, changes, metric, hour, workspaceId, at)) - 1;
  }

  /** The limits of a window at the first and the last arrival of the run. */
  rulings(window: Window): readonly [Ruling, Ruling] {
    const { state, context } = this.counting;
    const { account } = state;
    if (account === null) throw new Error(`account ${state.accountId} is not known`);
    const first = rulingFor(account, window, this.firstArrival, context);
    if (this.firstArrival === this.lastArrival) return [first, first];
    return [first, rulingFor(account, window, this.lastArrival, context)];
  }

  /** The limits of a window; null: they change while the run arrives. */
  private rulingOf(window: Window): Ruling | null {
    const [first, last] = this.rulings(window);
    // Versions follow one another, so what is the same at both ends was the same in between.
    return first.version === last.version ? first : null;
  }

  /**
   * Counts from a row on (default: the first). Returns {@link DONE}, or the row that cannot be judged before the ledger
   * is loaded: then call again with it.
   */
  count(from?: number): number {
    const { columns, cells, counting } = this;
    const { ids, amount, occurredAt } = columns;
    // A row that was returned is remembered already.
    let isNew = from !== undefined;
    for (let row = from ?? this.first; row !== NO_ROW; row = columns.next[row] ?? NO_ROW) {
      const cell = cells[columns.cell[row] ?? 0];
      if (cell === undefined) throw new Error(`row ${row} has no cell`);
      if (this.policyChanges) {
        followPolicy(counting.state, counting.changes, columns.arrivedAt[row] ?? 0, counting.context);
      }
      if (!isNew && !this.remember(cell, ids, row * LANES)) continue;
      isNew = false;
      if (!cell.open && !cell.plain) this.open(cell);
      const units = amount[row] ?? 0;
      if (cell.plain || units > cell.largestFile || !fits(cell, units)) {
        if (this.ledger() === null) return row;
        this.settle();
        countNew(counting.state, counting.changes, columns.whole(row), counting.context);
        this.refresh();
        continue;
      }
      add(cell, cell.slotOf(occurredAt[row] ?? 0), units);
    }
    this.settle();
    return DONE;
  }

  private remember(cell: Cell, ids: Int32Array, at: number): boolean {
    const { state, changes } = this.counting;
    const seen = (cell.seen ??= state.seen.get(cell.seenKey) ?? null);
    if (seen === null) throw new Error(`seen ids ${cell.seenKey} of ${state.accountId} were not loaded`);
    const a = ids[at] ?? 0;
    const b = ids[at + 1] ?? 0;
    const c = ids[at + 2] ?? 0;
    const d = ids[at + 3] ?? 0;
    if (!seen.addLanes(a, b, c, d)) return false;
    (cell.newIds ??= changes.newIds(cell.seenKey)).add(a, b, c, d);
    return true;
  }

  /** The first new event of a cell: makes its rows where they are missing. */
  private open(cell: Cell): void {
    const { state, changes } = this.counting;
    cell.largestFile = this.largestFile(cell);
    for (const { kind, window } of cell.windows) {
      const ruling = this.rulingOf(window);
      if (ruling === null) {
        cell.plain = true;
        return;
      }
      this.openRows(cell, kind, window, ruling);
    }
    cell.open = true;
    const buckets = state.bucketsOf(cell.metric);
    cell.slots = buckets.slotsToFill(cell.periodStart, cell.workspaceId);
    cell.wholeSlots = buckets.slotsToFill(cell.periodStart, WHOLE_ACCOUNT);
    changes.touchBucket(cell.metric, cell.periodStart, cell.workspaceId);
    this.attach();
  }

  private openRows(cell: Cell, kind: WindowKind, window: Window, ruling: Ruling): void {
    const { state } = this.counting;
    for (const limit of ruling.limits) {
      if (limit.metric !== cell.metric || limit.windowKind !== kind) continue;
      const scope = scopeId(limit.scope, cell.workspaceId);
      if (state.findWindow(limit.rule, scope, window.start) !== undefined) continue;
      putUnder(openRow(state, limit.rule, scope, window), limit, ruling, this.ledger() ?? NO_LEDGER);
    }
  }

  private largestFile(cell: Cell): number {
    if (cell.metric !== 'upload_bytes') return Infinity;
    const { state, context } = this.counting;
    const { account } = state;
    if (account === null) return 0;
    const sizes = [this.firstArrival, this.lastArrival].map((at) => {
      const { allowed } = fileSizeFor(policyAt(context.policy, at), planBefore(account, at + 1));
      return allowed.kind === 'unlimited' ? Infinity : allowed.amount;
    });
    // Plans may have come and gone in between: then each file is looked at.
    const plans = account.history.filter((p) => p.from > this.firstArrival && p.from <= this.lastArrival);
    return plans.length > 0 ? -1 : Math.min(...sizes);
  }

  /**
   * What was recorded before, where it is in memory far enough back. Without it, levels are taken as not recorded: then a
   * row is looked at sooner than need be, never too late.
   */
  private ledger(): Ledger | null {
    const { ledger } = this.counting.state;
    return ledger !== null && ledger.since <= this.since - LEDGER_REACH_MS ? ledger : null;
  }

  /** The latest arrival, epoch ms. */
  get until(): number {
    return this.lastArrival;
  }

  /** Ties every open cell to the rows that its events move. */
  private attach(): void {
    const { state } = this.counting;
    for (const cell of this.cells) {
      if (!cell.open) continue;
      const { metric, workspaceId, hour } = cell;
      const tally = (rows: readonly UsageWindow[]): Tally[] =>
        rows.flatMap((row) => this.tallyOf(row) ?? ((cell.plain = true), []));
      cell.own = cell.windows.flatMap(({ kind, window }) =>
        tally(rowsOf(state, metric, workspaceId, kind, window.start)),
      );
      cell.next = metric === 'chats' ? tally(rowsOf(state, metric, workspaceId, 'hour', hour + HOUR_MS)) : [];
    }
  }

  /** The tally of a row, brought under the limit that now applies; null: limits change while the batch arrives. */
  private tallyOf(row: UsageWindow): Tally | null {
    for (const tally of this.tallies) if (tally.row === row) return tally;
    const ruling = this.rulingOf(row.window);
    if (ruling === null) return null;
    const limit = limitOf(ruling, row.rule, row.workspaceId);
    const amount = limit?.allowed.kind === 'limited' ? limit.allowed.amount : null;
    const same =
      row.limit === amount && row.plan === ruling.plan && row.policyVersion === ruling.version.version;
    // 0: as read from the database, not looked at yet.
    if (!same || row.judgeFrom === 0) putUnder(row, limit, ruling, this.ledger() ?? NO_LEDGER);
    const tally = new Tally(row);
    this.tallies.push(tally);
    return tally;
  }

  /** Puts what the tallies hold into their rows. */
  private settle(): void {
    const { state, changes } = this.counting;
    for (const tally of this.tallies) {
      const { row } = tally;
      if (tally.rise > 0 || tally.used > 0) {
        row.used = plus(row.used, tally.used);
        if (row.peak !== null) row.peak = Math.max(row.peak, risenPeak(state, row, row.window.start));
      }
      if (tally.touched) changes.windows.add(row);
      tally.settled();
    }
  }

  /** After an event was counted by itself: rows may have been opened and limits moved. */
  private refresh(): void {
    for (const tally of this.tallies) tally.settled();
    this.attach();
  }
}

function fits(cell: Cell, units: number): boolean {
  for (const tally of cell.own) if (tally.rise + units >= tally.room) return false;
  for (const tally of cell.next) if (tally.rise + units >= tally.room) return false;
  return true;
}

function add({ slots, wholeSlots, own, next }: Cell, slot: number, units: number): void {
  if (slots === null || wholeSlots === null) throw new Error('the cell is not open');
  slots[slot] = plus(slots[slot] ?? 0, units);
  wholeSlots[slot] = plus(wholeSlots[slot] ?? 0, units);
  for (const tally of own) {
    tally.used += units;
    tally.rise += units;
    tally.touched = true;
  }
  for (const tally of next) {
    tally.rise += units;
    tally.touched = true;
  }
}
