import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window, type WindowKind } from '../windows/window.js';
import { periodOf, plus, slotMs, type Bucket } from './buckets.js';
import type { IdChunk } from './idChunk.js';
import type { SeenIds } from './seenIds.js';
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

/** What the events of one workspace in one UTC hour have in common: ids, slots, and the rows they move. */
export class Cell {
  readonly month: string;
  readonly seenKey: string;
  readonly periodStart: number;
  private readonly slotMs: number;
  /** Events must be counted one by one: a window begins within the hour, or the limits change within the batch. */
  plain: boolean;
  /** Its rows exist and its slots are at hand. */
  open = false;
  seen: SeenIds | null = null;
  bucket: Bucket | null = null;
  whole: Bucket | null = null;
  /** Rows of the windows that hold the hour. */
  own: Tally[] = [];
  /** Rows of the next hour, whose rolling sums reach back into this one. */
  next: Tally[] = [];
  /** Uploads larger than this need a closer look, bytes. */
  largestFile = Infinity;
  /** Of the run under way: where the ids go that are new. */
  newIds: IdChunk | null = null;

  constructor(
    readonly metric: Metric,
    readonly hour: number,
    readonly workspaceId: string,
    readonly windows: readonly { readonly kind: WindowKind; readonly window: Window }[],
  ) {
    this.month = monthOf(hour);
    this.seenKey = groupKey(metric, this.month);
    this.periodStart = periodOf(metric, hour);
    this.slotMs = slotMs(metric);
    this.plain = windows.some(({ window }) => window.start > hour || window.end < hour + HOUR_MS);
  }

  /** Whether so much more takes no row to where it is judged. */
  fits(units: number): boolean {
    for (const tally of this.own) if (tally.rise + units >= tally.room) return false;
    for (const tally of this.next) if (tally.rise + units >= tally.room) return false;
    return true;
  }

  /** Adds what an event at `occurredAt` (epoch ms) used; the cell must be open. */
  add(occurredAt: number, units: number): void {
    const { bucket, whole, own, next } = this;
    if (bucket === null || whole === null) throw new Error('the cell is not open');
    const slot = Math.floor((occurredAt - this.periodStart) / this.slotMs);
    bucket.slots[slot] = plus(bucket.slots[slot] ?? 0, units);
    whole.slots[slot] = plus(whole.slots[slot] ?? 0, units);
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
