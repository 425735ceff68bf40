import type { UsageRecord } from '../records.js';
import type { Fact } from './account.js';

/** The id that counts once, and what it counts; null for events that count nothing (contract §3 "What counts"). */
export function usageOf(record: UsageRecord): { id: string; fact: Fact } | null {
  const { workspaceId, occurredAt } = record.value;
  const one = { workspaceId, occurredAt, amount: 1 };
  switch (record.topic) {
    case 'platform.chats.v1':
      if (record.value.type !== 'STARTED') return null;
      return { id: record.value.chatId, fact: { metric: 'chats', ...one } };
    case 'platform.sessions.v1':
      if (record.value.type !== 'STARTED') return null;
      return { id: record.value.sessionId, fact: { metric: 'sessions', ...one } };
    case 'platform.tickets.v1':
      if (record.value.type !== 'CREATED') return null;
      return { id: record.value.ticketId, fact: { metric: 'tickets', ...one } };
    case 'platform.uploads.v1': {
      const fact: Fact = { metric: 'upload_bytes', ...one, amount: record.value.sizeBytes };
      return { id: record.value.uploadId, fact };
    }
  }
}

/** Every id once per account, kind and UTC month of its occurredAt. */
export class SeenIds {
  private readonly groups = new Map<string, Set<string>>();

  /** Whether this is the first time, and remembers it. */
  first(accountId: string, id: string, fact: Fact): boolean {
    const month = new Date(fact.occurredAt).toISOString().slice(0, -17);
    const name = `${month}|${fact.metric}|${accountId}`;
    const group = this.groups.get(name) ?? new Set<string>();
    this.groups.set(name, group);
    if (group.has(id)) return false;
    group.add(id);
    return true;
  }
}
