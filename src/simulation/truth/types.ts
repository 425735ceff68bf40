import type { InputTopic, PlatformRecord } from '../records.js';

/** Where a record lies in the log and when it arrived (epoch ms). */
interface Place {
  topic: InputTopic;
  partition: number;
  offset: number;
  arrivedAt: number;
}

/**
 * One record of the log. `garbage` stands for bytes that make no record: INVALID there means text that is
 * not UTF-8, which a decoded value can no longer show. `tombstone` is the key of an accounts record without value.
 */
export type LogEntry =
  (Place & PlatformRecord) | (Place & { garbage: Garbage }) | (Place & { tombstone: string });

/** More than a limit gives, agreed for [from, to); times in epoch ms. */
export interface Agreement {
  id: string;
  rule: RuleName | 'file-size';
  extra: number;
  from: number;
  to: number;
}

/** What operators agree on with an account, by the engine's clock. */
export interface AgreementEntry {
  accountId: string;
  /** By the engine's clock (epoch ms). */
  arrivedAt: number;
  agreement: { granted: Agreement } | { withdrawn: string };
}

export type Garbage = 'UNDECODABLE' | 'UNKNOWN_SCHEMA' | 'EMPTY' | 'INVALID';
export type DeadLetterReason = Garbage | 'TOO_LATE' | 'FUTURE';

export type Metric = 'chats' | 'sessions' | 'tickets' | 'upload_bytes';
export type WindowKind = 'hour' | 'month' | 'year';
export type RuleName =
  'chats-per-hour' | 'sessions-per-month' | 'chats-per-month' | 'tickets-per-month' | 'upload-bytes-per-year';

/** What made a figure or a limit move: an event, or a change of plan, policy or allowance (eventId null). */
export interface Cause {
  eventId: string | null;
  /** Event time, or the time of the change. */
  at: number;
  /** Windows that end after this are open: the arrival, or the effective date of a policy. */
  asOf: number;
  /** When the engine could act on it. */
  now: number;
}

/** The scope of a rule and one of its windows: [start, end), epoch ms. */
export interface WindowKey {
  accountId: string;
  workspaceId: string | null;
  rule: RuleName;
  metric: Metric;
  windowKind: WindowKind;
  start: number;
  end: number;
}

interface UsageWindow extends WindowKey {
  used: number;
  /** The largest sum of 60 consecutive minutes ending in this hour; null for months and years. */
  peak60m: number | null;
  /** null: unlimited, or a rule that the plan does not name any more. */
  limit: number | null;
  plan: string;
}

export interface Crossing extends WindowKey {
  level: 80 | 100;
  limit: number;
  /** The figure right after the cause: the peak for hours. */
  used: number;
  crossedAt: number;
  causeEventId: string | null;
  continuesEpisode: boolean;
}

/** What business development is told of a limit of a month or a year that was surpassed. */
export interface Overage extends WindowKey {
  kind: 'STARTED' | 'GREW' | 'CLOSED';
  /** In per cent of the limit: 100 where it STARTED, the highest told so far where it was CLOSED. */
  stepPercent: number;
  limit: number;
  /** The figure when it was told. */
  used: number;
}

/** The policy's own LIMIT_SERVICE: from the event that reached the limit to the end of its window or to an upgrade. */
export interface Measure extends WindowKey {
  kind: 'LIMIT_SERVICE';
  status: 'APPLIED' | 'LIFTED';
  limit: number;
  effectiveFrom: number;
  effectiveUntil: number;
}

/** A file over the size limit. */
export interface LargeFile {
  accountId: string;
  workspaceId: string;
  rule: 'file-size';
  occurredAt: number;
  causeEventId: string;
  botId: string;
  fileName: string;
  sizeBytes: number;
  /** What was allowed at its arrival, in bytes. */
  limit: number;
}

export type ConditionRule = 'one-workspace' | 'own-websites' | 'not-transferable' | 'eligible-customer';

/** A fact that breaks a condition of a plan or a deal, once from its beginning to its end. */
export interface BrokenCondition {
  accountId: string;
  workspaceId: string | null;
  rule: ConditionRule;
  /** What it is within its rule: the new owner, the website, the kind of customer. */
  fact: string;
  occurredAt: number;
  /** null: it still stands. */
  closedAt: number | null;
}

export interface Notice extends WindowKey {
  kind: 'THRESHOLD_WARNING' | 'UPGRADE_INVITATION';
  level: 80 | 100;
  limit: number;
  /** Counts from 0: warnings within a scope, rule, window and level, invitations within an account and month. */
  ordinal: number;
  createdAt: number;
  /** DUE: to be mailed, whatever became of it then. */
  status: 'DUE' | 'SUPPRESSED' | 'CANCELLED' | 'FAILED';
  reason: 'account-not-active' | 'window-ended' | 'cooldown' | null;
}

export interface Invitation extends Notice {
  /**
   * null where a change of plan made it due. Such a change may make it due for several limits at once, and which of them
   * the one invitation then names is open.
   */
  causeEventId: string | null;
}

/** Names a notice to whoever knows what became of it. */
export type NoticeName = Pick<
  Notice,
  'kind' | 'accountId' | 'workspaceId' | 'rule' | 'start' | 'level' | 'ordinal' | 'createdAt'
>;

/** What versions of the policy may say differently. */
export interface PolicyFigures {
  chatsPerHour: number;
  sandboxSessions: number;
  proSessions: number;
  unlimitedSessions: number;
  sandboxChats: number;
  ltdTickets: number;
  /** The published policy names none. */
  uploadBytesPerYear: number;
  /** In bytes, on every plan. */
  largestFile: number;
  ltdConditions: readonly ConditionRule[];
}

/** What a later version says otherwise than the shipped policy, from its effective date (epoch ms) on. */
export type LaterVersion = { from: number } & Partial<PolicyFigures>;

export interface RecountOptions {
  /** Bytes per year and account; the published policy names none. */
  uploadBytesPerYear: number;
  /** Versions that come into force after the shipped policy, by date. */
  laterVersions?: readonly LaterVersion[];
  /** When a notice was sent (epoch ms), null when it was not: what was sent is not cancelled. Default: never sent. */
  sentAt?: (notice: NoticeName) => number | null;
  /** When a notice failed for good, null when it did not: a failed one causes no cooldown. Default: never. */
  failedAt?: (notice: NoticeName) => number | null;
  /** When the notice was created in truth, by the engine's clock. Default: when its cause arrived. */
  createdAt?: (notice: NoticeName) => number | null;
  /** When time closed the overage of a window, null when it did not: nothing is told after that. Default: never. */
  closedAt?: (window: WindowKey) => number | null;
  /** The end of the log (epoch ms): parked events older than 35 days by then are dead letters. */
  until?: number;
}

export interface DeadLetter {
  topic: InputTopic;
  partition: number;
  offset: number;
  reason: DeadLetterReason;
}

export interface Truth {
  windows: UsageWindow[];
  crossings: Crossing[];
  /** One per 100 % crossing that opens an episode (hours), one per 100 % crossing otherwise. */
  violations: Crossing[];
  /** Those that STARTED. */
  overages: Overage[];
  /** Everything that is told of overages, in order. */
  overageSteps: Overage[];
  /** Threshold warnings. */
  notices: Notice[];
  invitations: Invitation[];
  measures: Measure[];
  largeFiles: LargeFile[];
  brokenConditions: BrokenCondition[];
  deadLetters: DeadLetter[];
  /** Distinct chats, sessions, tickets and uploads that were counted. */
  counted: number;
  /** Events that still wait for the snapshot of their account. */
  parked: number;
}
