import type { AccountSnapshot, PlatformRecord } from '../../src/simulation/records.js';
import type { LogEntry } from '../../src/simulation/truth/types.js';

export const at = (text: string): number => Date.parse(text);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const OPTIONS = { uploadBytesPerYear: 1_000 };

/** Writes a log by hand: ids and offsets count up, one partition a topic. */
export class LogBook {
  readonly entries: LogEntry[] = [];
  private ids = 0;

  private place(topic: PlatformRecord['topic'], arrivedAt: number) {
    return { topic, partition: 0, offset: this.entries.length, arrivedAt };
  }

  add(record: PlatformRecord, arrivedAt: number): this {
    this.entries.push({ ...this.place(record.topic, arrivedAt), ...record });
    return this;
  }

  garbage(topic: PlatformRecord['topic'], garbage: 'UNDECODABLE' | 'EMPTY', arrivedAt: number): this {
    this.entries.push({ ...this.place(topic, arrivedAt), garbage });
    return this;
  }

  tombstone(accountId: string, arrivedAt: number): this {
    this.entries.push({ ...this.place('platform.accounts.v1', arrivedAt), tombstone: accountId });
    return this;
  }

  account(arrivedAt: number, change: Partial<AccountSnapshot> = {}): this {
    const value: AccountSnapshot = {
      accountId: 'a1',
      revision: 1,
      updatedAt: arrivedAt,
      status: 'ACTIVE',
      plan: 'pro',
      isDeal: false,
      customerType: 'COMPANY',
      ownerId: 'o1',
      company: null,
      locale: 'en',
      timeZone: 'UTC',
      billingAnchorDay: null,
      contacts: [],
      workspaces: [],
      ...change,
    };
    return this.add({ topic: 'platform.accounts.v1', value }, arrivedAt);
  }

  /** `count` chats at the same instant, arriving then unless said otherwise. */
  chats(
    count: number,
    occurredAt: number,
    more: { id?: string; ws?: string; arrivedAt?: number } = {},
  ): this {
    for (let n = 0; n < count; n += 1) {
      this.ids += 1;
      const value = {
        eventId: `e${String(this.ids)}`,
        accountId: 'a1',
        workspaceId: more.ws ?? 'w1',
        botId: 'b1',
        chatId: more.id ?? `c${String(this.ids)}`,
        type: 'STARTED' as const,
        channel: null,
        occurredAt,
      };
      this.add({ topic: 'platform.chats.v1', value }, more.arrivedAt ?? occurredAt);
    }
    return this;
  }

  sessions(count: number, occurredAt: number, more: { ws?: string; arrivedAt?: number } = {}): this {
    for (let n = 0; n < count; n += 1) {
      this.ids += 1;
      const value = {
        eventId: `e${String(this.ids)}`,
        accountId: 'a1',
        workspaceId: more.ws ?? 'w1',
        botId: 'b1',
        sessionId: `s${String(this.ids)}`,
        type: 'STARTED' as const,
        occurredAt,
      };
      this.add({ topic: 'platform.sessions.v1', value }, more.arrivedAt ?? occurredAt);
    }
    return this;
  }

  /** `count` tickets at the same instant, arriving then. */
  tickets(count: number, occurredAt: number): this {
    for (let n = 0; n < count; n += 1) {
      this.ids += 1;
      const value = {
        eventId: `e${String(this.ids)}`,
        accountId: 'a1',
        workspaceId: 'w1',
        ticketId: `t${String(this.ids)}`,
        type: 'CREATED' as const,
        occurredAt,
      };
      this.add({ topic: 'platform.tickets.v1', value }, occurredAt);
    }
    return this;
  }

  upload(sizeBytes: number, occurredAt: number, uploadId: string, arrivedAt = occurredAt): this {
    this.ids += 1;
    const value = {
      eventId: `e${String(this.ids)}`,
      accountId: 'a1',
      workspaceId: 'w1',
      botId: 'b1',
      uploadId,
      fileName: 'photo.png',
      contentType: 'image/png',
      sizeBytes,
      occurredAt,
    };
    return this.add({ topic: 'platform.uploads.v1', value }, arrivedAt);
  }
}
