import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import type { Metric } from '../../domain/policy/policy.js';
import type { InputTopic } from '../topics.js';
import { InvalidField, type Decoded } from './decoded.js';
import { idHash } from './countedId.js';
import { id, instant, text } from './fields.js';

const HOUR_MS = 3_600_000;
/** Contract §3, "Late and early". */
export const AHEAD_MS = 10 * 60_000;

export interface Source {
  readonly metric: Metric;
  readonly idField: string;
  /** The type that counts; null: every event does. */
  readonly counts: string | null;
}

const SOURCES: Partial<Record<InputTopic, Source>> = {
  'platform.chats.v1': { metric: 'chats', idField: 'chatId', counts: 'STARTED' },
  'platform.sessions.v1': { metric: 'sessions', idField: 'sessionId', counts: 'STARTED' },
  'platform.tickets.v1': { metric: 'tickets', idField: 'ticketId', counts: 'CREATED' },
  'platform.uploads.v1': { metric: 'upload_bytes', idField: 'uploadId', counts: null },
};

interface RawUsage extends Readonly<Record<string, unknown>> {
  readonly eventId: Buffer;
  readonly accountId: Buffer;
  readonly workspaceId: Buffer;
  readonly botId?: Buffer;
  readonly type?: string;
  readonly fileName?: Buffer;
  readonly sizeBytes?: number;
  readonly occurredAt: number;
}

export function usageSource(topic: InputTopic): Source | undefined {
  return SOURCES[topic];
}

/** A chat, session, ticket or upload event; lateness is judged by its arrival (epoch ms). */
export function decodeUsage(source: Source, raw: RawUsage, arrivedAt: number): Decoded {
  const counted = raw[source.idField] as Buffer;
  const amount = raw.sizeBytes ?? 1;
  const event = {
    metric: source.metric,
    eventId: id(raw.eventId, 'eventId'),
    accountId: id(raw.accountId, 'accountId'),
    workspaceId: id(raw.workspaceId, 'workspaceId'),
    amount,
    occurredAt: instant(raw.occurredAt, 'occurredAt'),
    arrivedAt,
  };
  const countedId = id(counted, source.idField);
  const botId = raw.botId === undefined ? '' : id(raw.botId, 'botId');
  if (amount < 0) throw new InvalidField(`sizeBytes is negative: ${amount}`);
  if (source.counts !== null && raw.type !== source.counts) return { kind: 'uncounted' };
  const age = arrivedAt - event.occurredAt;
  if (age > LATE_HORIZON_MS) return refused('TOO_LATE', `occurred ${hours(age)} before it arrived`);
  if (age < -AHEAD_MS) return refused('FUTURE', `occurred ${hours(-age)} after it arrived`);
  const usage = { ...event, idHash: idHash(counted, source.metric) };
  if (raw.fileName === undefined) return { kind: 'usage', event: usage };
  const upload = { uploadId: countedId, fileName: text(raw.fileName), botId };
  return { kind: 'usage', event: { ...usage, upload } };
}

function refused(reason: 'TOO_LATE' | 'FUTURE', detail: string): Decoded {
  return { kind: 'refused', refusal: { reason, detail } };
}

function hours(ms: number): string {
  return `${(ms / HOUR_MS).toFixed(1)} h`;
}
