import type { Account } from '../accounts/account.js';
import type { ConditionState } from '../judging/facts.js';
import type { Ledger } from '../judging/ledger.js';
import type { LimitRule, Metric } from '../policy/policy.js';
import { Buckets, WHOLE_ACCOUNT } from './buckets.js';
import type { SeenIds } from './seenIds.js';
import type { Standing } from './standing.js';
import { monthOf, type UsageWindow } from './usageWindow.js';

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

  /** Rough memory in bytes, for the cache's budget. */
  get weight(): number {
    let bytes = 2_000 + this.windows.size * 250;
    for (const seen of this.seen.values()) bytes += 200 + seen.bytes;
    for (const buckets of this.buckets.values()) bytes += buckets.periodCount * 1_200;
    bytes += (this.standing?.cells.length ?? 0) * 500;
    return bytes + (this.conditions?.facts.length ?? 0) * 300;
  }
}

/** Key of a group of seen ids: a metric and the UTC month (`YYYY-MM-01`) of the event time. */
export function seenKey(metric: Metric, occurredAt: number): string {
  return `${metric}/${monthOf(occurredAt)}`;
}

/** The scope of a limit that an event of a workspace belongs to. */
export function scopeId(scope: 'account' | 'workspace', workspaceId: string): string {
  return scope === 'account' ? WHOLE_ACCOUNT : workspaceId;
}
