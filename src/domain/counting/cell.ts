import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window } from '../windows/window.js';
import type { Bucket } from './bucket.js';
import type { IdChunk } from './idChunk.js';
import type { SeenIds } from './seenIds.js';
import { periodOf, slotMs } from './slots.js';
import { figureOf, groupKey, monthOf, type UsageWindow } from './usageWindow.js';

/** What was counted towards a row and not put into it yet. */
export class Tally {
  used = 0;
  /** The most by which the row's figure can have risen. */
  rise = 0;
  /** The row is to be judged when its figure has risen by this much. */
  room: number;
  /** An event belonged to the row, of no bytes maybe. */
  touched = false;

  constructor(readonly row: UsageWindow) {
    this.room = row.judgeFrom - figureOf(row);
  }

  /** The row holds everything again. */
  settled(): void {
    this.used = 0;
    this.rise = 0;
    this.touched = false;
    this.room = this.row.judgeFrom - figureOf(this.row);
  }
}

/** One for all: most cells have none of the next hour. */
export const NO_TALLIES: readonly Tally[] = [];

/** What the events of one workspace in one UTC hour have in common: ids, slots, and the rows they move. */
export class Cell {
  /** Of the hour, in its period. */
  private readonly firstSlot: number;
  private readonly slotMs: number;
  /** Events must be counted one by one: a window begins within the hour, or the limits change within the batch. */
  plain: boolean;
  /** Its rows exist and its slots are at hand. */
  open = false;
  seen: SeenIds | null = null;
  bucket: Bucket | null = null;
  /** Rows of the windows that hold the hour. */
  own: readonly Tally[] = NO_TALLIES;
  /** Rows of the next hour, whose rolling sums reach back into this one. */
  next: readonly Tally[] = NO_TALLIES;
  /** Uploads larger than this need a closer look, bytes. */
  largestFile = Infinity;
  /** Of the run under way: where the ids go that are new. */
  newIds: IdChunk | null = null;
  /** Of the run under way: its events, counted before or not. */
  rows = 0;

  constructor(
    readonly metric: Metric,
    readonly hour: number,
    readonly workspaceId: string,
    /** Of each kind that the metric is limited in, the one that holds the hour's first event. */
    readonly windows: readonly Window[],
  ) {
    this.slotMs = slotMs(metric);
    this.firstSlot = (hour - periodOf(metric, hour)) / this.slotMs;
    this.plain = windows.some(({ start, end }) => start > hour || end < hour + HOUR_MS);
  }

  /** Begins another run. */
  begin(largestFile: number): void {
    this.largestFile = largestFile;
    this.newIds = null;
    this.rows = 0;
  }

  get month(): string {
    return monthOf(this.hour);
  }

  /** Of its group of seen ids. */
  get seenKey(): string {
    return groupKey(this.metric, this.month);
  }

  /** Start (epoch ms) of the period that holds the hour. */
  get periodStart(): number {
    return periodOf(this.metric, this.hour);
  }

  /** Whether so much more takes no row to where it is judged. */
  fits(units: number): boolean {
    for (const tally of this.own) if (tally.rise + units >= tally.room) return false;
    for (const tally of this.next) if (tally.rise + units >= tally.room) return false;
    return true;
  }

  /** Adds what an event at `occurredAt` (epoch ms) used; the cell must be open. */
  add(occurredAt: number, units: number): void {
    const { bucket, own, next } = this;
    if (bucket === null) throw new Error('the cell is not open');
    bucket.add(this.firstSlot + Math.floor((occurredAt - this.hour) / this.slotMs), units);
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
}
