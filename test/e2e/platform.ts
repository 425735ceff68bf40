/** Plain records of the platform, as its own producers would write them. */

export interface Line {
  readonly topic: string;
  readonly value: Record<string, unknown>;
}

export function account(accountId: string, plan: string, more: Record<string, unknown> = {}): Line {
  return {
    topic: 'platform.accounts.v1',
    value: {
      accountId,
      revision: 1,
      updatedAt: Date.now() - 86_400_000,
      status: 'ACTIVE',
      plan,
      ownerId: `owner-${accountId}`,
      company: `Example ${accountId}`,
      contacts: [{ name: 'Olive Owner', email: `owner@${accountId}.example`, role: 'OWNER' }],
      workspaces: [{ workspaceId: 'ws-1', name: 'Main' }],
      ...more,
    },
  };
}

export function chat(
  accountId: string,
  chatId: string,
  occurredAt: number,
  more: Record<string, unknown> = {},
): Line {
  return {
    topic: 'platform.chats.v1',
    value: {
      eventId: `event-${chatId}`,
      accountId,
      workspaceId: 'ws-1',
      botId: 'bot-1',
      chatId,
      type: 'STARTED',
      occurredAt,
      ...more,
    },
  };
}

export function session(accountId: string, sessionId: string, occurredAt: number): Line {
  return {
    topic: 'platform.sessions.v1',
    value: {
      eventId: `event-${sessionId}`,
      accountId,
      workspaceId: 'ws-1',
      botId: 'bot-1',
      sessionId,
      type: 'STARTED',
      occurredAt,
    },
  };
}

export function many<T>(count: number, make: (i: number) => T, from = 0): T[] {
  return Array.from({ length: count }, (_, i) => make(from + i));
}
