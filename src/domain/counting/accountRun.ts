import type { Context } from '../judging/context.js';
import { largestSureFile } from '../judging/fileSize.js';
import { putUnder } from '../judging/judge.js';
import { LEDGER_REACH_MS, NO_LEDGER, type Ledger } from '../judging/ledger.js';
import { limitOf, type Ruling } from '../judging/limits.js';
import { followPolicy, needsOfPolicy } from '../judging/policyChange.js';
import { versionSpan } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import { scopeId, type AccountState } from './accountState.js';
import type { UsageWindow } from './usageWindow.js';
import { Cell, NO_TALLIES, Tally } from './cell.js';
import type { AccountChanges } from './changes.js';
import { layOut } from './layOut.js';
import { newIdsOf } from './newIds.js';
import { countNew, isMoved, KINDS, openRow, risenPeak, windowOf } from './count.js';
import { Rulings } from './rulings.js';
import { LANES } from './seenIds.js';
import { plus } from './slots.js';
import { Standing } from './standing.js';
import { NO_ROW, type RowList, type UsageColumns } from './usageColumns.js';
import { worthKeeping } from './worthKeeping.js';

/** Everything is counted. */
export const DONE = -1;

/** Used for one cell at a time: an array that grows has room for seventeen at once, and most cells have three. */
const gathered: Tally[] = [];

/** What judging and counting are told besides the events. */
export interface Counting {
  readonly state: AccountState;
  readonly changes: AccountChanges;
  readonly context: Context;
}

/**
 * Counts the events of one account in one batch, to exactly what `countEvent` makes of them one after the other
 * (a property test holds it to that). The reason for its own way: counting is a sum, and only an event that takes a
 * figure to its next level is told apart from its neighbours. So events are added to slots and tallies; the one that
 * could take a row to where it is judged is counted by the plain function, after the tallies were put into the rows.
 */
export class AccountRun {
  readonly cells: Cell[];
  readonly rulings: Rulings;
  private readonly tallies = new Map<UsageWindow, Tally>();
  /** There are cells whose pieces may have to be loaded; the others have theirs at hand. */
  readonly hasNewCells: boolean;
  /** A policy version comes into force with one of the events: all are counted one by one. */
  readonly policyChanges: boolean;

  constructor(
    readonly counting: Counting,
    readonly columns: UsageColumns,
    readonly list: RowList,
  ) {
    const { state, context } = counting;
    const { account, standing } = state;
    if (account === null) throw new Error(`account ${state.accountId} is not known`);
    const { firstArrival, lastArrival } = list;
    this.rulings = new Rulings(state, context, firstArrival, lastArrival);
    const holds = standing?.holds(account, context.policy, firstArrival, lastArrival) === true;
    this.cells = holds ? [...standing.cells] : [];
    for (const { own, next } of this.cells) {
      for (const tally of own) this.tallies.set(tally.row, tally);
      for (const tally of next) this.tallies.set(tally.row, tally);
    }
    this.policyChanges = !holds && needsOfPolicy(account, firstArrival, lastArrival, context).length > 0;
    for (const cell of this.cells) cell.begin(this.largestFile(cell));
    this.hasNewCells = layOut(state, columns, list, this.cells);
    if (this.policyChanges) for (const cell of this.cells) cell.plain = true;
  }

  /**
   * Counts from a row on (default: the first). Returns {@link DONE}, or the row that cannot be judged before the ledger
   * is loaded: then call again with it.
   */
  count(from?: number): number {
    const { columns, cells } = this;
    const { state, changes, context } = this.counting;
    const { ids, occurredAt } = columns;
    // A row that was returned is remembered already.
    let isNew = from !== undefined;
    for (let row = from ?? this.list.first; row !== NO_ROW; row = columns.next[row] ?? NO_ROW) {
      const cell = cells[columns.cell[row] ?? 0];
      if (cell === undefined) throw new Error(`row ${row} has no cell`);
      if (this.policyChanges) {
        followPolicy(state, changes, columns.arrivedAt[row] ?? 0, context);
      }
      if (!isNew && !this.remember(cell, ids, row * LANES)) continue;
      isNew = false;
      if (!cell.open && !cell.plain) this.open(cell);
      const units = columns.amountOf(row);
      if (cell.plain || units > cell.largestFile || !cell.fits(units)) {
        if (this.ledger() === null) return row;
        this.settle();
        const before = state.windows.all.length;
        countNew(state, changes, columns.whole(row, state.accountId), context);
        this.refresh(state.windows.all.length > before);
        continue;
      }
      cell.add(occurredAt[row] ?? 0, units);
    }
    this.settle();
    this.stand();
    return DONE;
  }

  /** Leaves what the next run can use. */
  private stand(): void {
    const { state, context } = this.counting;
    state.standing = null;
    const { account } = state;
    const { from, until } = versionSpan(context.policy, this.list.firstArrival);
    if (account === null || this.policyChanges || this.list.lastArrival >= until) return;
    const cells = worthKeeping(this.cells, state);
    if (cells.length > 0) state.standing = new Standing(account, context.policy, from, until, cells);
  }

  private remember(cell: Cell, ids: Int32Array, at: number): boolean {
    const { state } = this.counting;
    const seen = (cell.seen ??= state.seen.get(cell.month) ?? null);
    if (seen === null) throw new Error(`seen ids of ${cell.month} of ${state.accountId} were not loaded`);
    const a = ids[at] ?? 0;
    const b = ids[at + 1] ?? 0;
    const c = ids[at + 2] ?? 0;
    const d = ids[at + 3] ?? 0;
    if (!seen.addLanes(a, b, c, d)) return false;
    if (cell.newIds === null) this.begin(cell);
    cell.newIds?.add(a, b, c, d);
    return true;
  }

  /** The first new event of this run in a cell. */
  private begin(cell: Cell): void {
    const { changes } = this.counting;
    cell.newIds = newIdsOf(changes, cell, this.cells);
    if (cell.bucket !== null) changes.buckets.add(cell.bucket);
  }

  /** The first new event of a cell: makes its rows where they are missing. */
  private open(cell: Cell): void {
    const { state, changes } = this.counting;
    cell.largestFile = this.largestFile(cell);
    let opened = false;
    for (let n = 0; n < cell.windows.length; n += 1) {
      const window = cell.windows[n];
      const kind = KINDS[cell.metric][n];
      if (window === undefined || kind === undefined) continue;
      const ruling = this.rulings.throughout(window);
      if (ruling === null) {
        cell.plain = true;
        return;
      }
      windowOf(state, changes, kind, cell.from);
      opened = this.openRows(cell, kind, window, ruling) || opened;
    }
    cell.open = true;
    cell.bucket = state.bucketsOf(cell.metric).bucket(cell.periodStart, cell.workspaceId);
    changes.buckets.add(cell.bucket);
    this.attach(cell);
    if (!opened) return;
    // The hour before reaches into the rows of this one.
    const before = cell.periodStart - HOUR_MS;
    for (const one of this.cells) {
      if (one.open && one.metric === cell.metric && one.periodStart === before) this.attachNext(one);
    }
  }

  private openRows(cell: Cell, kind: WindowKind, window: Window, ruling: Ruling): boolean {
    const { state } = this.counting;
    let opened = false;
    for (const limit of ruling.limits) {
      if (limit.metric !== cell.metric || limit.windowKind !== kind) continue;
      const scope = scopeId(limit.scope, cell.workspaceId);
      if (state.findWindow(limit.rule, scope, window.start) !== undefined) continue;
      putUnder(openRow(state, limit.rule, scope, window), limit, ruling, this.ledger() ?? NO_LEDGER);
      opened = true;
    }
    return opened;
  }

  private largestFile({ metric }: Cell): number {
    const { state, context } = this.counting;
    if (metric !== 'upload_bytes' || state.account === null) return Infinity;
    return largestSureFile(state.account, this.list.firstArrival, this.list.lastArrival, context);
  }

  /**
   * What was recorded before, where it is in memory far enough back. Without it, levels are taken as not recorded: then a
   * row is looked at sooner than need be, never too late.
   */
  private ledger(): Ledger | null {
    const { ledger } = this.counting.state;
    return ledger !== null && ledger.since <= this.list.since - LEDGER_REACH_MS ? ledger : null;
  }

  /** Ties a cell to the rows that its events move. */
  private attach(cell: Cell): void {
    let found = 0;
    const kinds = KINDS[cell.metric];
    for (let n = 0; n < kinds.length; n += 1) {
      const [kind, window] = [kinds[n], cell.windows[n]];
      if (kind !== undefined && window !== undefined) found = this.gather(found, cell, kind, window.start);
    }
    cell.own = gathered.slice(0, found);
    this.attachNext(cell);
  }

  private attachNext(cell: Cell): void {
    cell.next = NO_TALLIES;
    if (cell.metric !== 'chats') return;
    const found = this.gather(0, cell, 'hour', cell.periodStart + HOUR_MS);
    if (found > 0) cell.next = gathered.slice(0, found);
  }

  /** Appends the tallies of the rows that a cell moves in a window; returns how many there are now. */
  private gather(found: number, cell: Cell, kind: WindowKind, start: number): number {
    let end = found;
    for (const row of this.counting.state.windows.startingAt(start)) {
      if (!isMoved(row, cell.metric, cell.workspaceId, kind)) continue;
      const tally = this.tallyOf(row);
      if (tally === null) cell.plain = true;
      else {
        gathered[end] = tally;
        end += 1;
      }
    }
    return end;
  }

  /** The tally of a row, brought under the limit that now applies; null: limits change while the batch arrives. */
  private tallyOf(row: UsageWindow): Tally | null {
    const known = this.tallies.get(row);
    if (known !== undefined) return known;
    const ruling = this.rulings.throughout(row.window);
    if (ruling === null) return null;
    const limit = limitOf(ruling, row.rule, row.workspaceId);
    const amount = limit?.allowed.kind === 'limited' ? limit.allowed.amount : null;
    const same =
      row.limit === amount && row.plan === ruling.plan && row.policyVersion === ruling.version.version;
    // 0: as read from the database, not looked at yet.
    if (!same || row.judgeFrom === 0) putUnder(row, limit, ruling, this.ledger() ?? NO_LEDGER);
    const tally = new Tally(row);
    this.tallies.set(row, tally);
    return tally;
  }

  /** Puts what the tallies hold into their rows. */
  private settle(): void {
    const { state, changes } = this.counting;
    this.tallies.forEach((tally, row) => {
      if (tally.rise > 0 || tally.used > 0) {
        row.used = plus(row.used, tally.used);
        if (row.peak !== null) row.peak = Math.max(row.peak, risenPeak(state, row, row.window.start));
      }
      if (tally.touched) changes.windows.add(row);
      tally.settled();
    });
  }

  /** After an event was counted by itself: limits may have moved, and rows been opened. */
  private refresh(opened: boolean): void {
    for (const tally of this.tallies.values()) tally.settled();
    if (!opened) return;
    for (const cell of this.cells) if (cell.open) this.attach(cell);
  }
}
