import type { InputTopic, PlatformRecord } from '../records.js';
import { usageOf } from './seen.js';
import type { DeadLetterReason, LogEntry } from './types.js';

const LATE_HORIZON_MS = 35 * 86_400_000;
const FUTURE_HORIZON_MS = 10 * 60_000;
const LONE_SURROGATE = /\p{Surrogate}/u;

const ID_FIELDS: Record<InputTopic, readonly string[]> = {
  'platform.accounts.v1': ['accountId', 'ownerId'],
  'platform.chats.v1': ['eventId', 'accountId', 'workspaceId', 'botId', 'chatId'],
  'platform.sessions.v1': ['eventId', 'accountId', 'workspaceId', 'botId', 'sessionId'],
  'platform.tickets.v1': ['eventId', 'accountId', 'workspaceId', 'ticketId'],
  'platform.uploads.v1': ['eventId', 'accountId', 'workspaceId', 'botId', 'uploadId'],
  'platform.replies.v1': ['eventId', 'accountId', 'notificationId'],
};

function isId(text: unknown): boolean {
  if (text === null) return true;
  if (typeof text !== 'string' || text.includes('\0') || LONE_SURROGATE.test(text)) return false;
  const length = Array.from(text).length;
  return length >= 1 && length <= 200;
}

function isValid(record: PlatformRecord): boolean {
  const fields = new Map(Object.entries(record.value));
  if (!ID_FIELDS[record.topic].every((field) => isId(fields.get(field) ?? null))) return false;
  if (record.topic === 'platform.accounts.v1') {
    return record.value.workspaces.every((workspace) => isId(workspace.workspaceId));
  }
  return record.topic !== 'platform.uploads.v1' || record.value.sizeBytes >= 0;
}

/** Whether an instant is more than 35 days before the arrival. */
export function isTooLate(occurredAt: number, arrivedAt: number): boolean {
  return arrivedAt - occurredAt > LATE_HORIZON_MS;
}

/** Why a record cannot be counted, null when it can (contract §2, §3 "Late and early", §4 dead letters). */
export function faultOf(entry: LogEntry): DeadLetterReason | null {
  if ('garbage' in entry) return entry.garbage;
  if ('tombstone' in entry) return isId(entry.tombstone) ? null : 'INVALID';
  if (!isValid(entry)) return 'INVALID';
  if (entry.topic === 'platform.accounts.v1' || entry.topic === 'platform.replies.v1') return null;
  // An end, a change or a type from the future counts nothing, so it cannot be counted too late.
  if (usageOf(entry) === null) return null;
  if (isTooLate(entry.value.occurredAt, entry.arrivedAt)) return 'TOO_LATE';
  return entry.value.occurredAt - entry.arrivedAt > FUTURE_HORIZON_MS ? 'FUTURE' : null;
}
