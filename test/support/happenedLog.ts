import type { AccountSnapshot, PlatformRecord } from '../../src/simulation/records.js';
import type { AgreementEntry, LogEntry } from '../../src/simulation/truth/types.js';
import type { Happening } from './happenings.js';

/** Logs begin here: a few days later months end, in every zone. */
export const BEGIN = Date.parse('2026-05-29T21:10:00Z');

/** A record of the log, or what operators do between two of them. */
export type Entry = LogEntry | AgreementEntry;

/** The log of happenings, in order of arrival, one partition a topic. */
export function logOf(happened: readonly Happening[]): LogEntry[] {
  return entriesOf(happened).filter(isRecord);
}

/** The same with what operators do. */
export function entriesOf(happened: readonly Happening[]): Entry[] {
  const writer = new Writer();
  for (const happening of happened) writer.take(happening);
  return writer.entries;
}

export function isRecord(entry: Entry): entry is LogEntry {
  return !('agreement' in entry);
}

class Writer {
  readonly entries: Entry[] = [];
  private readonly granted: { accountId: string; id: string }[] = [];
  private readonly offsets = new Map<string, number>();
  private readonly usage: Exclude<LogEntry, { garbage: string } | { tombstone: string }>[] = [];
  private now = BEGIN;
  private ids = 0;
  private readonly counted = new Map<string, number>();
  private revision = 0;

  take(happening: Happening): void {
    this.now += happening.wait;
    const accountId = `a${happening.account}`;
    switch (happening.kind) {
      case 'burst':
        for (let n = 0; n < happening.count; n += 1) this.event(accountId, happening, n);
        break;
      case 'upload':
        this.upload(accountId, happening);
        break;
      case 'again':
        this.again(happening);
        break;
      case 'snapshot':
        this.snapshot(accountId, happening);
        break;
      case 'tombstone':
        this.entries.push({ ...this.place('platform.accounts.v1'), tombstone: accountId });
        break;
      case 'grant':
      case 'withdraw':
        this.agree(accountId, happening);
    }
  }

  /** At a time of its own: what is in force at an instant is not open then. */
  private agree(accountId: string, of: Extract<Happening, { kind: 'grant' | 'withdraw' }>): void {
    this.now += 1;
    const arrivedAt = this.now;
    this.now += 1;
    if (of.kind === 'withdraw') {
      const one = this.granted.at(-1 - of.back);
      if (one === undefined) return;
      this.entries.push({ accountId: one.accountId, arrivedAt, agreement: { withdrawn: one.id } });
      return;
    }
    const id = `g${this.granted.length}`;
    this.granted.push({ accountId, id });
    const from = arrivedAt + of.starts;
    const granted = { id, rule: of.rule, extra: of.extra, from, to: from + of.lasts };
    this.entries.push({ accountId, arrivedAt, agreement: { granted } });
  }

  private event(accountId: string, of: Extract<Happening, { kind: 'burst' }>, n: number): void {
    if (n > 0) this.now += of.gap;
    this.ids += 1;
    const common = {
      eventId: `e${this.ids}`,
      accountId,
      workspaceId: `w${of.ws}`,
      occurredAt: this.now - of.late,
    };
    const id = this.countedId(of.what);
    if (of.what === 'chats') {
      const value = { ...common, botId: 'b', chatId: id, type: 'STARTED' as const, channel: null };
      this.add({ topic: 'platform.chats.v1', value });
    } else if (of.what === 'sessions') {
      const value = { ...common, botId: 'b', sessionId: id, type: 'STARTED' as const };
      this.add({ topic: 'platform.sessions.v1', value });
    } else {
      this.add({
        topic: 'platform.tickets.v1',
        value: { ...common, ticketId: id, type: 'CREATED' as const },
      });
    }
  }

  /** Each kind has the same ids: what was counted of one says nothing of another. */
  private countedId(kind: string): string {
    const n = (this.counted.get(kind) ?? 0) + 1;
    this.counted.set(kind, n);
    return `x${n}`;
  }

  private upload(accountId: string, of: Extract<Happening, { kind: 'upload' }>): void {
    this.ids += 1;
    const value = {
      eventId: `e${this.ids}`,
      accountId,
      workspaceId: `w${of.ws}`,
      botId: 'b',
      uploadId: this.countedId('uploads'),
      fileName: 'f',
      contentType: 't',
      sizeBytes: of.bytes,
      occurredAt: this.now - of.late,
    };
    this.add({ topic: 'platform.uploads.v1', value });
  }

  /** A record once more: as it was, under another event id, or moved by a little. */
  private again({ back, newEventId, shift }: Extract<Happening, { kind: 'again' }>): void {
    const record = this.usage.at(-1 - (back % Math.max(1, this.usage.length)));
    if (record === undefined || record.topic === 'platform.accounts.v1') return;
    const { topic, value } = record;
    this.ids += 1;
    const changed = {
      ...value,
      eventId: newEventId ? `e${this.ids}` : value.eventId,
      occurredAt: value.occurredAt + shift,
    };
    this.add({ topic, value: changed } as PlatformRecord);
  }

  private snapshot(accountId: string, of: Extract<Happening, { kind: 'snapshot' }>): void {
    // At a time of its own: which plan an instant had is not open then.
    this.now += 1;
    this.revision += 1;
    const value: AccountSnapshot = {
      accountId,
      revision: this.revision,
      updatedAt: this.now,
      status: of.status,
      plan: of.plan,
      isDeal: of.isDeal ?? false,
      customerType: of.customerType ?? 'COMPANY',
      ownerId: of.ownerId ?? 'o',
      company: of.company ?? null,
      locale: 'en',
      timeZone: of.zone,
      billingAnchorDay: of.anchor,
      contacts: [{ name: 'N', email: 'n@example.com', role: 'OWNER', locale: null, notify: true }],
      workspaces: of.workspaces ?? [],
    };
    this.add({ topic: 'platform.accounts.v1', value });
  }

  private add(record: PlatformRecord): void {
    const entry = { ...this.place(record.topic), ...record };
    this.entries.push(entry);
    if (record.topic !== 'platform.accounts.v1') this.usage.push(entry);
  }

  private place(topic: PlatformRecord['topic']) {
    const offset = this.offsets.get(topic) ?? 0;
    this.offsets.set(topic, offset + 1);
    return { topic, partition: 0, offset, arrivedAt: this.now };
  }
}
