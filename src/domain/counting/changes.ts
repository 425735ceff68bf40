import type { Account } from '../accounts/account.js';
import type { Allowance } from '../accounts/allowance.js';
import type { AccountEvent, ReplyEvent } from '../events.js';
import type { AutomaticMeasure, Correction, Crossing, Notice, OverageStep } from '../judging/ledger.js';
import type { UsageWindow } from './usageWindow.js';
import type { Bucket } from './bucket.js';
import { IdArena, IdChunk } from './idChunk.js';

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

/** What follows from judging an account: everything but what was counted. */
export class Consequences {
  readonly snapshots: AccountEvent[] = [];
  /** Allowances, granted or withdrawn. */
  readonly allowances: Allowance[] = [];
  readonly crossings: Crossing[] = [];
  readonly violations: Violation[] = [];
  /** Violations whose fact has ended. */
  readonly closedViolations: { readonly id: string; readonly closedAt: number }[] = [];
  readonly overages: Overage[] = [];
  readonly newNotices: (Notice | Correction)[] = [];
  /** Notices recorded before whose status changed. */
  readonly changedNotices = new Set<Notice>();
  /** Automatic measures, new or changed. */
  readonly measures = new Set<AutomaticMeasure>();
  readonly outgoing: Outgoing[] = [];
  readonly replies: ReplyEvent[] = [];
  /** Who held the account when its not-transferable condition began; null: unchanged. */
  conditionOwner: { readonly owner: string | null } | null = null;
}

/** What one batch changes of one account; written in one transaction with the offsets. */
export class AccountChanges {
  account: Account | null = null;
  /** Parked events were taken up: their rows go. */
  unparked = false;
  /** New ids, a chunk for each month of event times: nearly always one. */
  readonly seen: IdChunk[] = [];
  /** To be written. */
  readonly buckets = new Set<Bucket>();
  /** To be written. */
  readonly windows = new Set<UsageWindow>();
  /** Made when something follows: of most accounts of a batch nothing does, and a dozen lists for each add up. */
  private made: Consequences | null = null;

  /** @param arena where new ids go; those of a batch share one */
  constructor(private readonly arena = new IdArena()) {}

  /** Nothing follows besides what was counted. */
  get isOnlyCounted(): boolean {
    return this.made === null && this.account === null;
  }

  get consequences(): Consequences {
    return (this.made ??= new Consequences());
  }

  /** The new ids of a month (`YYYY-MM-01`); undefined: none were begun. */
  idsOf(month: string): IdChunk | undefined {
    return this.seen.find((chunk) => chunk.month === month);
  }

  /** Where the new ids of a month go, `expected` of them. */
  newIds(month: string, expected?: number): IdChunk {
    const known = this.idsOf(month);
    if (known !== undefined) return known;
    const ids = new IdChunk(month, this.arena, expected);
    this.seen.push(ids);
    return ids;
  }
}
