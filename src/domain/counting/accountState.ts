import type { Account } from '../accounts/account.js';
import type { ConditionState } from '../judging/facts.js';
import type { Ledger } from '../judging/ledger.js';
import type { LimitRule, Metric } from '../policy/policy.js';
import { HOUR_MS } from '../windows/window.js';
import { Buckets, WHOLE_ACCOUNT } from './buckets.js';
import type { SeenIds } from './seenIds.js';
import { periodMs, periodOf } from './slots.js';
import type { Standing } from './standing.js';
import type { UsageWindow } from './usageWindow.js';
import { UsageWindows } from './usageWindows.js';

// An hour, the one before that late events belong to, and the one before that, whose minutes it looks at.
const KEPT_HOURS_MS = 2 * HOUR_MS;
// What is kept by the day is little, and summed up for each workspace that is new in a month.
const KEPT_DAYS_MS = 7 * 24 * HOUR_MS;

/**
 * All that counting and judging need of one account, as of one version of it. A cache of Postgres: pieces are loaded
 * when first needed and hold while the version stands.
 */
export class AccountState {
  account: Account | null = null;
  /** By the UTC month of event times, `YYYY-MM-01`. */
  readonly seen = new Map<string, SeenIds>();
  /** Of the few metrics that are used. */
  private buckets: readonly Buckets[] = [];
  readonly windows = new UsageWindows();
  /** What was recorded of windows that end after `ledger.since`; null: not loaded. */
  ledger: Ledger | null = null;
  /** What the last run left ready; null: nothing. */
  standing: Standing | null = null;
  /** null: not loaded. */
  conditions: ConditionState | null = null;

  constructor(
    readonly accountId: string,
    /** As read under the account's lock. */
    public version: number,
  ) {}

  bucketsOf(metric: Metric): Buckets {
    for (const known of this.buckets) if (known.metric === metric) return known;
    const buckets = new Buckets(metric);
    this.buckets = this.buckets.concat([buckets]);
    return buckets;
  }

  findWindow(rule: LimitRule, workspaceId: string, start: number): UsageWindow | undefined {
    return this.windows.find(rule, workspaceId, start);
  }

  /**
   * Lets go of what lies so far before the events of the last run, and before the latest that is known of the same metric, that
   * only a late event would touch it: it is loaded again then. Without this the state of an account that is never idle would
   * grow for ever. What stands ready for the next run is of the latest period of its metric, so it stays whole.
   * @param since event time (epoch ms) of the earliest event of the last run: with a backlog one topic is read hours ahead of
   * another, and a log that is read again has all of its hours behind it. Infinity: it had none
   */
  forgetOld(since: number): void {
    if (since === Infinity) return;
    for (const buckets of this.buckets) {
      const { metric, latestPeriod } = buckets;
      const isHourly = periodMs(metric) === HOUR_MS;
      const looked = Math.min(since, latestPeriod ?? since) - (isHourly ? KEPT_HOURS_MS : KEPT_DAYS_MS);
      const from = periodOf(metric, looked);
      buckets.forgetBefore(from);
      if (isHourly) this.windows.forgetHoursBefore(from);
    }
  }

  /** Rough memory in bytes, for the cache's budget. */
  get weight(): number {
    let bytes = 2_000;
    for (const seen of this.seen.values()) bytes += 300 + seen.bytes;
    for (const buckets of this.buckets) bytes += buckets.bytes;
    bytes += this.windows.bytes;
    bytes += (this.standing?.cells.length ?? 0) * 900;
    const recorded = (this.ledger?.crossings.length ?? 0) + (this.ledger?.notices.length ?? 0);
    return bytes + (recorded + (this.conditions?.facts.length ?? 0)) * 500;
  }
}

/** The scope of a limit that an event of a workspace belongs to. */
export function scopeId(scope: 'account' | 'workspace', workspaceId: string): string {
  return scope === 'account' ? WHOLE_ACCOUNT : workspaceId;
}
