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

export type Garbage = 'UNDECODABLE' | 'UNKNOWN_SCHEMA' | 'EMPTY' | 'INVALID';
export type DeadLetterReason = Garbage | 'TOO_LATE' | 'FUTURE';

export type Metric = 'chats' | 'sessions' | 'tickets' | 'upload_bytes';
export type WindowKind = 'hour' | 'month' | 'year';
export type RuleName =
  'chats-per-hour' | 'sessions-per-month' | 'chats-per-month' | 'tickets-per-month' | 'upload-bytes-per-year';

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

/** `STARTED` alone: the first time a limit of a month or a year is surpassed. */
export interface Overage extends WindowKey {
  limit: number;
  used: number;
}

export interface Notice extends WindowKey {
  level: 80 | 100;
  limit: number;
  /** Counts the notices of one scope, rule, window and level, from 0. */
  ordinal: number;
  createdAt: number;
  /** DUE: to be mailed, whatever became of it then. */
  status: 'DUE' | 'SUPPRESSED' | 'CANCELLED' | 'FAILED';
  reason: 'account-not-active' | 'window-ended' | 'cooldown' | null;
}

/** Names a notice to whoever knows what became of it. */
export type NoticeName = Pick<
  Notice,
  'accountId' | 'workspaceId' | 'rule' | 'start' | 'level' | 'ordinal' | 'createdAt'
>;

export interface RecountOptions {
  /** Bytes per year and account; the published policy names none. */
  uploadBytesPerYear: number;
  /** When a notice was sent (epoch ms), null when it was not: what was sent is not cancelled. Default: never sent. */
  sentAt?: (notice: NoticeName) => number | null;
  /** When a notice failed for good, null when it did not: a failed one causes no cooldown. Default: never. */
  failedAt?: (notice: NoticeName) => number | null;
  /** When the notice was created in truth, by the engine's clock. Default: when its cause arrived. */
  createdAt?: (notice: NoticeName) => number | null;
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
  overages: Overage[];
  notices: Notice[];
  deadLetters: DeadLetter[];
  /** Distinct chats, sessions, tickets and uploads that were counted. */
  counted: number;
  /** Events that still wait for the snapshot of their account. */
  parked: number;
}
