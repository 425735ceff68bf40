import type { Account } from '../accounts/account.js';
import type { Allowance } from '../accounts/allowance.js';
import type { AccountEvent, ReplyEvent } from '../events.js';
import type { AutomaticMeasure, Correction, Crossing, Notice, OverageStep } from '../judging/ledger.js';
import type { Metric } from '../policy/policy.js';
import type { UsageWindow } from './accountState.js';
import { IdChunk } from './idChunk.js';

export type OutgoingTopic =
  'fair-use.violations.v1' | 'fair-use.notifications.v1' | 'fair-use.overages.v1' | 'fair-use.measures.v1';

/** An event on its way out: a row of the outbox. */
export interface Outgoing {
  readonly topic: OutgoingTopic;
  readonly eventId: string;
  readonly record: Readonly<Record<string, unknown>>;
}

export interface Violation {
  readonly id: string;
  readonly rule: string;
  readonly workspaceId: string;
  readonly windowStart: number | null;
  readonly occurredAt: number;
  readonly details: Readonly<Record<string, string>>;
  /** It is held against the account until then (epoch ms); absent or null: it is not. */
  readonly strikeUntil?: number | null;
  /** Where it rests on a fact that can end. */
  readonly fact?: { readonly name: string; readonly generation: number } | undefined;
}

export interface Overage extends OverageStep {
  readonly id: string;
  readonly windowEnd: number;
  readonly used: number;
  readonly createdAt: number;
}

/** What one batch changes of one account; written in one transaction with the offsets. */
export class AccountChanges {
  account: Account | null = null;
  readonly snapshots: AccountEvent[] = [];
  /** Allowances, granted or withdrawn. */
  readonly allowances: Allowance[] = [];
  /** Parked events were taken up: their rows go. */
  unparked = false;
  /** New ids by group key. */
  readonly seen = new Map<string, IdChunk>();
  /** `metric/periodStart/workspaceId` of the buckets to write. */
  readonly buckets = new Map<string, { metric: Metric; periodStart: number; workspaceId: string }>();
  readonly windows = new Set<UsageWindow>();
  readonly crossings: Crossing[] = [];
  readonly violations: Violation[] = [];
  /** Violations whose fact has ended. */
  readonly closedViolations: { readonly id: string; readonly closedAt: number }[] = [];
  /** Who held the account when its not-transferable condition began; null: unchanged. */
  conditionOwner: { readonly owner: string | null } | null = null;
  readonly overages: Overage[] = [];
  readonly newNotices: (Notice | Correction)[] = [];
  /** Notices recorded before whose status changed. */
  readonly changedNotices = new Set<Notice>();
  /** Automatic measures, new or changed. */
  readonly measures = new Set<AutomaticMeasure>();
  readonly outgoing: Outgoing[] = [];
  readonly replies: ReplyEvent[] = [];

  /** Where the new ids of a group go. */
  newIds(key: string): IdChunk {
    let ids = this.seen.get(key);
    if (ids === undefined) this.seen.set(key, (ids = new IdChunk()));
    return ids;
  }

  /** Notes that a bucket is to be written. */
  touchBucket(metric: Metric, periodStart: number, workspaceId: string): void {
    const key = `${metric}/${periodStart}/${workspaceId}`;
    if (!this.buckets.has(key)) this.buckets.set(key, { metric, periodStart, workspaceId });
  }
}
