import type { Metric } from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import type { Bucket } from './bucket.js';
import type { IdChunk } from './idChunk.js';
import type { SeenIds } from './seenIds.js';
import { periodMs, periodOf, slotMs } from './slots.js';
import { figureOf, monthOf, type UsageWindow } from './usageWindow.js';

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

/**
 * What the events of one workspace and metric in one period have in common: ids, slots, and the rows they move. Where a window begins
 * within the period, as months of most time zones do within a UTC day, there is a cell before it and one from there on.
 */
export class Cell {
  /** Start of the period, epoch ms. */
  readonly periodStart: number;
  /** Its events lie in [from, until), epoch ms. */
  readonly from: number;
  readonly until: number;
  private readonly slotMs: number;
  /** Events must be counted one by one: the limits change within the batch. */
  plain = false;
  /** Its rows exist and its slots are at hand. */
  open = false;
  seen: SeenIds | null = null;
  bucket: Bucket | null = null;
  /** Rows of the windows that hold its events. */
  own: readonly Tally[] = NO_TALLIES;
  /** Rows of the next hour, whose rolling sums reach back into this one. */
  next: readonly Tally[] = NO_TALLIES;
  /** Uploads larger than this need a closer look, bytes. */
  largestFile = Infinity;
  /** Of the run under way: where the ids go that are new. */
  newIds: IdChunk | null = null;
  /** Of the run under way: its events, counted before or not. */
  rows = 0;

  /**
   * @param at one of its events, epoch ms
   * @param windows of each kind that the metric is limited in, the one that holds the event
   */
  constructor(
    readonly metric: Metric,
    readonly workspaceId: string,
    at: number,
    readonly windows: readonly Window[],
  ) {
    this.slotMs = slotMs(metric);
    this.periodStart = periodOf(metric, at);
    let from = this.periodStart;
    let until = from + periodMs(metric);
    for (const { start, end } of windows) {
      from = Math.max(from, start);
      until = Math.min(until, end);
    }
    this.from = from;
    this.until = until;
  }

  /** Whether an event of its workspace and metric at an instant (epoch ms) is one of its own. */
  holds(at: number): boolean {
    return at >= this.from && at < this.until;
  }

  /** Begins another run. */
  begin(largestFile: number): void {
    this.largestFile = largestFile;
    this.newIds = null;
    this.rows = 0;
  }

  /** UTC, `YYYY-MM-01`. */
  get month(): string {
    return monthOf(this.periodStart);
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
    bucket.add(Math.floor((occurredAt - this.periodStart) / this.slotMs), units);
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
