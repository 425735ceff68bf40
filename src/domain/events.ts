import type { AccountSnapshot } from './accounts/snapshot.js';
import type { Metric } from './policy/policy.js';

/** Something that counts: a chat, a session, a ticket, or the bytes of an upload. */
export interface UsageEvent {
  readonly metric: Metric;
  readonly eventId: string;
  readonly accountId: string;
  readonly workspaceId: string;
  /** What the counted id (chatId, sessionId, ticketId or uploadId) is remembered by: 16 bytes, its kind among them. */
  readonly idHash: Uint8Array;
  /** 1, or bytes for uploads. */
  readonly amount: number;
  /** Event time, epoch ms. */
  readonly occurredAt: number;
  /** The record's time in the log as business time, epoch ms: lateness is judged by it. */
  readonly arrivedAt: number;
  /** Uploads only, and absent from events that an older release parked. */
  readonly upload?: UploadFacts;
}

/** What tells one file from another. */
export interface UploadFacts {
  readonly uploadId: string;
  readonly fileName: string;
  readonly botId: string;
}

/** The platform's word on an account; `snapshot` is null for a tombstone. */
export interface AccountEvent {
  readonly accountId: string;
  readonly snapshot: AccountSnapshot | null;
  readonly arrivedAt: number;
}

export interface ReplyEvent {
  readonly eventId: string;
  readonly accountId: string;
  readonly notificationId: string | null;
  readonly channel: string;
  readonly occurredAt: number;
}

/** Why a record cannot be counted (contract §4, `dlq-reason`). */
export type DeadLetterReason = 'UNDECODABLE' | 'UNKNOWN_SCHEMA' | 'EMPTY' | 'INVALID' | 'TOO_LATE' | 'FUTURE';

export interface Refusal {
  readonly reason: DeadLetterReason;
  readonly detail: string;
}
