/** The records of the platform, as contract §2 names them. Times are epoch milliseconds, UTC. */

export type InputTopic =
  | 'platform.accounts.v1'
  | 'platform.chats.v1'
  | 'platform.sessions.v1'
  | 'platform.tickets.v1'
  | 'platform.uploads.v1'
  | 'platform.replies.v1';

export interface Contact {
  name: string;
  email: string;
  role: 'OWNER' | 'ADMIN' | 'BILLING' | 'OTHER' | 'UNKNOWN';
  locale: string | null;
  notify: boolean;
}

export interface Workspace {
  workspaceId: string;
  name: string;
  websites: { domain: string; company: string | null }[];
}

export interface AccountSnapshot {
  accountId: string;
  revision: number;
  updatedAt: number;
  status: 'ACTIVE' | 'SUSPENDED' | 'CLOSED' | 'UNKNOWN';
  plan: string;
  isDeal: boolean;
  customerType: 'COMPANY' | 'INDIVIDUAL' | 'AGENCY' | 'RESELLER' | 'OUTSOURCER' | 'UNKNOWN';
  ownerId: string;
  company: string | null;
  locale: string;
  timeZone: string;
  billingAnchorDay: number | null;
  contacts: Contact[];
  workspaces: Workspace[];
}

interface PlatformEvent {
  eventId: string;
  accountId: string;
  occurredAt: number;
}

export interface ChatEvent extends PlatformEvent {
  workspaceId: string;
  botId: string;
  chatId: string;
  type: 'STARTED' | 'ENDED' | 'UNKNOWN';
  channel: string | null;
}

export interface SessionEvent extends PlatformEvent {
  workspaceId: string;
  botId: string;
  sessionId: string;
  type: 'STARTED' | 'ENDED' | 'UNKNOWN';
}

export interface TicketEvent extends PlatformEvent {
  workspaceId: string;
  ticketId: string;
  type: 'CREATED' | 'UPDATED' | 'CLOSED' | 'UNKNOWN';
}

export interface UploadEvent extends PlatformEvent {
  workspaceId: string;
  botId: string;
  uploadId: string;
  fileName: string;
  contentType: string;
  sizeBytes: number;
}

interface ReplyEvent extends PlatformEvent {
  notificationId: string | null;
  channel: string;
}

/** A record with the topic it belongs to, so that the topic tells the fields. */
export type PlatformRecord =
  | { topic: 'platform.accounts.v1'; value: AccountSnapshot }
  | { topic: 'platform.chats.v1'; value: ChatEvent }
  | { topic: 'platform.sessions.v1'; value: SessionEvent }
  | { topic: 'platform.tickets.v1'; value: TicketEvent }
  | { topic: 'platform.uploads.v1'; value: UploadEvent }
  | { topic: 'platform.replies.v1'; value: ReplyEvent };

export type UsageRecord = Exclude<
  PlatformRecord,
  { topic: 'platform.accounts.v1' } | { topic: 'platform.replies.v1' }
>;
