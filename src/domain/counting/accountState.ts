import type { Account } from '../accounts/account.js';
import type { ConditionState } from '../judging/facts.js';
import type { Ledger } from '../judging/ledger.js';
import type { LimitRule, Metric } from '../policy/policy.js';
import { HOUR_MS } from '../windows/window.js';
import { Buckets, periodMs, periodOf, WHOLE_ACCOUNT } from './buckets.js';
import type { SeenIds } from './seenIds.js';
import type { Standing } from './standing.js';
import { groupKey, monthOf, type UsageWindow } from './usageWindow.js';

// An hour, the one before that late events belong to, and the one before that, whose minutes it looks at.
const KEPT_PERIODS = 2;
// Looking for what is old costs something too.
const MOST_PERIODS = 6;

/**
 * All that counting and judging need of one account, as of one version of it. A cache of Postgres: pieces are loaded
 * when first needed and hold while the version stands.
 */
export class AccountState {
  account: Account | null = null;
  readonly seen = new Map<string, SeenIds>();
  private readonly buckets = new Map<Metric, Buckets>();
  /** Rows by the start of their window; a start that is absent and before {@link windowsFrom} was not loaded. */
  readonly windows = new Map<number, UsageWindow[]>();
  /** All rows of windows that start from here on (epoch ms) were loaded. */
  windowsFrom = Infinity;
  /** What was recorded of windows that end after `ledger.since`; null: not loaded. */
  ledger: Ledger | null = null;
  /** What the last run left ready; null: nothing, or more than counting has happened since. */
  standing: Standing | null = null;
  /** null: not loaded. */
  conditions: ConditionState | null = null;

  constructor(
    readonly accountId: string,
    /** As read under the account's lock. */
    public version: number,
  ) {}

  bucketsOf(metric: Metric): Buckets {
    let buckets = this.buckets.get(metric);
    if (buckets === undefined) {
      buckets = new Buckets(metric);
      this.buckets.set(metric, buckets);
    }
    return buckets;
  }

  windowRows(start: number): UsageWindow[] {
    let rows = this.windows.get(start);
    if (rows === undefined) {
      rows = [];
      this.windows.set(start, rows);
    }
    return rows;
  }

  /** True when every row of the windows that start then is here. */
  hasWindows(start: number): boolean {
    return start >= this.windowsFrom || this.windows.has(start);
  }

  findWindow(rule: LimitRule, workspaceId: string, start: number): UsageWindow | undefined {
    return this.windows.get(start)?.find((row) => row.rule === rule && row.workspaceId === workspaceId);
  }

  /**
   * Lets go of what lies so far before the latest hours counted that only a late event would touch it: it is loaded again
   * then. Without this the state of an account that is never idle would grow for ever.
   */
  forgetOld(): void {
    const latest = this.standing?.latestHour ?? -Infinity;
    if (latest === -Infinity) return;
    for (const [metric, buckets] of this.buckets) {
      const from = periodOf(metric, latest) - KEPT_PERIODS * periodMs(metric);
      if (buckets.periodCount > MOST_PERIODS) buckets.forgetBefore(from);
    }
    if (this.windows.size <= MOST_PERIODS) return;
    const from = latest - KEPT_PERIODS * HOUR_MS;
    for (const [start, rows] of this.windows) {
      if (start < from && rows.every(({ kind }) => kind === 'hour')) this.windows.delete(start);
    }
    if (this.windowsFrom < from) this.windowsFrom = from;
  }

  /** Rough memory in bytes, for the cache's budget. */
  get weight(): number {
    let bytes = 2_000;
    for (const seen of this.seen.values()) bytes += 300 + seen.bytes;
    for (const buckets of this.buckets.values()) bytes += buckets.bytes;
    for (const rows of this.windows.values()) bytes += 100 + rows.length * 300;
    bytes += (this.standing?.cells.length ?? 0) * 900;
    const recorded = (this.ledger?.crossings.length ?? 0) + (this.ledger?.notices.length ?? 0);
    return bytes + (recorded + (this.conditions?.facts.length ?? 0)) * 500;
  }
}

/** Key of a group of seen ids: a metric and the UTC month (`YYYY-MM-01`) of the event time. */
export function seenKey(metric: Metric, occurredAt: number): string {
  return groupKey(metric, monthOf(occurredAt));
}

/** The scope of a limit that an event of a workspace belongs to. */
export function scopeId(scope: 'account' | 'workspace', workspaceId: string): string {
  return scope === 'account' ? WHOLE_ACCOUNT : workspaceId;
}
