import type { Metric } from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import { Bucket } from './bucket.js';
import { inserted } from './shortLists.js';
import { periodMs, plus, slotMs } from './slots.js';

/** The last instant that there is. */
export const FOREVER_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The scope "whole account": all workspaces together. */
export const WHOLE_ACCOUNT = '';

/** The counts of one metric of one account; holds what was loaded or counted. */
export class Buckets {
  /** Ascending by period. */
  private list: readonly Bucket[] = [];
  /** Ranges of which everything is here; they neither overlap nor touch. */
  private loaded: readonly Window[] = [];

  constructor(readonly metric: Metric) {}

  /** True when everything the database has of the period is here. */
  has(periodStart: number): boolean {
    for (const { start, end } of this.loaded) if (start <= periodStart && end > periodStart) return true;
    return false;
  }

  /** True when everything the database has of the window is here. */
  covers(window: Window): boolean {
    return this.loaded.some(({ start, end }) => start <= window.start && end >= window.end);
  }

  /** True when periods to come are known to be here, whatever they will be. */
  get loadedAhead(): boolean {
    return this.loaded.some(({ end }) => end >= FOREVER_MS);
  }

  /** Start (epoch ms) of the latest period that anything is known of; null: there is none. */
  get latestPeriod(): number | null {
    return this.list.at(-1)?.periodStart ?? null;
  }

  /** Notes that all periods of the range were loaded. */
  markLoaded(range: Window): void {
    const apart = this.loaded.filter(({ start, end }) => end < range.start || start > range.end);
    const joined = this.loaded.filter((one) => !apart.includes(one));
    const start = Math.min(range.start, ...joined.map((one) => one.start));
    const end = Math.max(range.end, ...joined.map((one) => one.end));
    this.loaded = apart.concat([{ start, end }]);
  }

  /** Notes that a period was loaded, by its start (epoch ms). */
  markPeriod(start: number): void {
    this.markLoaded({ start, end: start + periodMs(this.metric) });
  }

  /** Takes in a workspace's slots as stored: slot and count by turns. */
  load(periodStart: number, workspaceId: string, pairs: readonly number[]): void {
    const period = this.number(periodStart);
    if (this.find(period, workspaceId) === undefined) this.insert(period, workspaceId, pairs).stored = true;
  }

  /** Adds to a workspace; returns its bucket. */
  add(instant: number, workspaceId: string, amount: number): Bucket {
    const bucket = this.bucket(instant, workspaceId);
    bucket.add(Math.floor((instant - bucket.periodStart) / slotMs(this.metric)), amount);
    return bucket;
  }

  /**
   * Adds what a scope used in a period, slot by slot, to `sums`.
   * @returns whether it used anything
   */
  addSlots(periodStart: number, scope: string, sums: Float64Array): boolean {
    const period = this.number(periodStart);
    let isUsed = false;
    for (let at = this.firstOf(period); this.list[at]?.period === period; at += 1) {
      const bucket = this.list[at];
      if (bucket === undefined || (scope !== WHOLE_ACCOUNT && bucket.workspaceId !== scope)) continue;
      bucket.addTo(sums);
      isUsed = true;
    }
    return isUsed;
  }

  /** A workspace's bucket of the period that holds the instant, to be counted into; made where there is none. */
  bucket(instant: number, workspaceId: string): Bucket {
    const period = this.number(instant);
    return this.find(period, workspaceId) ?? this.insert(period, workspaceId);
  }

  /** The sum of a scope over a window whose bounds lie on slots. */
  sum(window: Window, scope: string): number {
    const ms = slotMs(this.metric);
    let total = 0;
    for (const bucket of this.within(window)) {
      if (scope !== WHOLE_ACCOUNT && bucket.workspaceId !== scope) continue;
      const { periodStart } = bucket;
      total = plus(total, bucket.sum((window.start - periodStart) / ms, (window.end - periodStart) / ms));
    }
    return total;
  }

  /** The workspaces that were used in a window. */
  workspacesIn(window: Window): string[] {
    const found = new Set(this.within(window).map(({ workspaceId }) => workspaceId));
    return [...found].sort().filter((scope) => this.sum(window, scope) > 0);
  }

  /** Lets go of everything before the start of a period; it is loaded again when it is needed. */
  forgetBefore(start: number): void {
    const kept = this.firstOf(this.number(start));
    // Where there is nothing before it, that is known and stays so.
    if (kept === 0) return;
    this.list = this.list.slice(kept);
    this.loaded = this.loaded
      .filter(({ end }) => end > start)
      .map((range) => (range.start < start ? { start, end: range.end } : range));
  }

  /** Memory in bytes, as measured. */
  get bytes(): number {
    let bytes = 250;
    for (const bucket of this.list) bytes += bucket.bytes;
    return bytes;
  }

  private within(window: Window): readonly Bucket[] {
    const first = this.firstOf(this.number(window.start));
    return this.list.slice(first, this.firstOf(this.number(window.end - 1) + 1));
  }

  private number(instant: number): number {
    return Math.floor(instant / periodMs(this.metric));
  }

  /** The place of the first bucket of the period, or of the first after it. */
  private firstOf(period: number): number {
    const { list } = this;
    let low = 0;
    for (let high = list.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((list[middle]?.period ?? 0) < period) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private find(period: number, workspaceId: string): Bucket | undefined {
    for (let at = this.firstOf(period); at < this.list.length; at += 1) {
      const bucket = this.list[at];
      if (bucket?.period !== period) return undefined;
      if (bucket.workspaceId === workspaceId) return bucket;
    }
    return undefined;
  }

  private insert(period: number, workspaceId: string, pairs?: readonly number[]): Bucket {
    const bucket = new Bucket(this.metric, period, workspaceId, pairs);
    this.list = inserted(this.list, this.firstOf(period + 1), bucket);
    return bucket;
  }
}
