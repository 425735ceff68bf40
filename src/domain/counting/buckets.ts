import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window } from '../windows/window.js';

const DAY_MS = 24 * HOUR_MS;
/** The last instant that there is. */
export const FOREVER_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** How finely a metric is kept: chats in minutes of a UTC hour (rolling 60 minutes), the rest in quarter-hours of a UTC
 * day (the finest offset of any time zone, so that every window is a sum of whole slots). */
export function periodMs(metric: Metric): number {
  return metric === 'chats' ? HOUR_MS : DAY_MS;
}

export function slotCount(metric: Metric): number {
  return metric === 'chats' ? 60 : 96;
}

/** Length of a slot, ms. */
export function slotMs(metric: Metric): number {
  return periodMs(metric) / slotCount(metric);
}

/** Start (epoch ms) of the period that holds the instant. */
export function periodOf(metric: Metric, instant: number): number {
  return Math.floor(instant / periodMs(metric)) * periodMs(metric);
}

/** The scope "whole account": beside each workspace's slots their sum is kept in memory. */
export const WHOLE_ACCOUNT = '';

/** The largest figure there is: the next is more than Avro's long may be in this runtime. */
export const MAX_FIGURE = Number.MAX_SAFE_INTEGER - 1;

/** A sum that stays at {@link MAX_FIGURE}: absurd upload sizes must not make figures unreadable. */
export function plus(figure: number, amount: number): number {
  return Math.min(MAX_FIGURE, figure + amount);
}

/** What one workspace (or {@link WHOLE_ACCOUNT}) used of a metric in one period, slot by slot. */
export interface Bucket {
  readonly metric: Metric;
  readonly periodStart: number;
  readonly workspaceId: string;
  readonly slots: number[];
}

/** The buckets of one metric and period by workspace id, and their sum under {@link WHOLE_ACCOUNT}. */
export type Period = Map<string, Bucket>;

/** The counts of one metric of one account, by start of period; holds what was loaded or counted. */
export class Buckets {
  private readonly periods = new Map<number, Period>();
  /** Ranges of which everything is here; they neither overlap nor touch. */
  private loaded: readonly Window[] = [];

  constructor(readonly metric: Metric) {}

  /** True when everything the database has of the period is here. */
  has(periodStart: number): boolean {
    return this.periods.has(periodStart) || this.covers({ start: periodStart, end: periodStart + 1 });
  }

  /** True when everything the database has of the window is here. */
  covers(window: Window): boolean {
    return this.loaded.some(({ start, end }) => start <= window.start && end >= window.end);
  }

  /** True when periods to come are known to be here, whatever they will be. */
  get loadedAhead(): boolean {
    return this.loaded.some(({ end }) => end >= FOREVER_MS);
  }

  /** Notes that all periods of the range were loaded. */
  markLoaded(range: Window): void {
    const apart = this.loaded.filter(({ start, end }) => end < range.start || start > range.end);
    const joined = this.loaded.filter((one) => !apart.includes(one));
    const start = Math.min(range.start, ...joined.map((one) => one.start));
    const end = Math.max(range.end, ...joined.map((one) => one.end));
    this.loaded = [...apart, { start, end }];
  }

  /** Takes in a workspace's slots as stored. */
  load(periodStart: number, workspaceId: string, slots: number[]): void {
    const period = this.period(periodStart);
    if (period.has(workspaceId)) return;
    period.set(workspaceId, { metric: this.metric, periodStart, workspaceId, slots });
    const whole = this.bucket(periodStart, WHOLE_ACCOUNT).slots;
    slots.forEach((n, i) => (whole[i] = plus(whole[i] ?? 0, n)));
  }

  /** Adds to a workspace and to the whole account; returns the workspace's bucket. */
  add(instant: number, workspaceId: string, amount: number): Bucket {
    const start = periodOf(this.metric, instant);
    const slot = Math.floor((instant - start) / slotMs(this.metric));
    const bucket = this.bucket(start, workspaceId);
    for (const { slots } of [bucket, this.bucket(start, WHOLE_ACCOUNT)]) {
      slots[slot] = plus(slots[slot] ?? 0, amount);
    }
    return bucket;
  }

  /** A scope's slots of a period, or null when it has none. */
  slots(periodStart: number, scope: string): readonly number[] | null {
    return this.periods.get(periodStart)?.get(scope)?.slots ?? null;
  }

  /** A scope's bucket of a period, to be counted into; made where there is none. */
  bucket(periodStart: number, workspaceId: string): Bucket {
    const period = this.period(periodStart);
    let bucket = period.get(workspaceId);
    if (bucket === undefined) {
      // A plain array: small ones of typed numbers cost more to make and to collect than what is in them.
      const slots = new Array<number>(slotCount(this.metric)).fill(0);
      bucket = { metric: this.metric, periodStart, workspaceId, slots };
      period.set(workspaceId, bucket);
    }
    return bucket;
  }

  /** The sum of a scope over a window whose bounds lie on slots. */
  sum(window: Window, scope: string): number {
    const ms = slotMs(this.metric);
    let total = 0;
    for (const [start, period] of this.periods) {
      if (start >= window.end || start + periodMs(this.metric) <= window.start) continue;
      period.get(scope)?.slots.forEach((n, i) => {
        const at = start + i * ms;
        if (at >= window.start && at < window.end) total = plus(total, n);
      });
    }
    return total;
  }

  /** The workspaces that were used in a window. */
  workspacesIn(window: Window): string[] {
    const found = new Set<string>();
    for (const [start, period] of this.periods) {
      if (start >= window.end || start + periodMs(this.metric) <= window.start) continue;
      for (const scope of period.keys()) if (scope !== WHOLE_ACCOUNT) found.add(scope);
    }
    return [...found].sort().filter((scope) => this.sum(window, scope) > 0);
  }

  /** Lets go of everything before the start of a period; it is loaded again when it is needed. */
  forgetBefore(start: number): void {
    for (const period of this.periods.keys()) if (period < start) this.periods.delete(period);
    this.loaded = this.loaded
      .filter(({ end }) => end > start)
      .map((range) => (range.start < start ? { start, end: range.end } : range));
  }

  /** Rough memory in bytes. */
  get bytes(): number {
    let scopes = 0;
    for (const period of this.periods.values()) scopes += period.size;
    return this.periods.size * 300 + scopes * (200 + slotCount(this.metric) * 8);
  }

  get periodCount(): number {
    return this.periods.size;
  }

  /** Makes a period known as loaded, even when the database had nothing of it. */
  period(periodStart: number): Period {
    let period = this.periods.get(periodStart);
    if (period === undefined) {
      period = new Map();
      this.periods.set(periodStart, period);
    }
    return period;
  }
}
