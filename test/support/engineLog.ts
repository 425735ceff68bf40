import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadPolicy } from '../../src/config/policyFiles.js';
import type { Policy } from '../../src/domain/policy/policy.js';
import type { AccountSnapshot, PlatformRecord } from '../../src/simulation/records.js';
import type { LogEntry, Truth } from '../../src/simulation/truth/types.js';

/** Bytes of uploads a year in these tests: a few uploads reach it. */
export const UPLOAD_BYTES = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Logs begin here: a few days later months end, in every zone. */
export const BEGIN = Date.parse('2026-05-29T21:10:00Z');

/** The shipped policy with a yearly limit that tests can reach. */
export function smallPolicy(): Policy {
  const text = readFileSync(new URL('../../policy/fair-use-2021-10-19.yaml', import.meta.url), 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-policy-'));
  try {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, text.replace('limit: 10 GiB', `limit: ${UPLOAD_BYTES}`));
    return loadPolicy(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Scope {
  accountId: string;
  workspaceId: string | null;
  rule: string;
  start: number;
}

/** What engine and oracle are compared by. */
export interface Results {
  windows: (Scope & { end: number; used: number; peak: number | null; limit: number | null; plan: string })[];
  crossings: (Scope & {
    level: number;
    limit: number;
    used: number;
    crossedAt: number;
    causeEventId: string | null;
    continuesEpisode: boolean;
  })[];
  violations: (Scope & { occurredAt: number })[];
  overages: (Scope & { limit: number; used: number })[];
  notices: (Scope & { level: number; createdAt: number; status: string; reason: string | null })[];
}

/** The oracle's word in the same terms. */
export function resultsOf(truth: Truth): Results {
  const scope = ({ accountId, workspaceId, rule, start }: Scope): Scope => ({
    accountId,
    workspaceId,
    rule,
    start,
  });
  return {
    windows: truth.windows.map((w) => ({
      ...scope(w),
      end: w.end,
      used: w.used,
      peak: w.peak60m,
      limit: w.limit,
      plan: w.plan,
    })),
    crossings: truth.crossings.map((c) => ({
      ...scope(c),
      level: c.level,
      limit: c.limit,
      used: c.used,
      crossedAt: c.crossedAt,
      causeEventId: c.causeEventId,
      continuesEpisode: c.continuesEpisode,
    })),
    violations: truth.violations.map((v) => ({ ...scope(v), occurredAt: v.crossedAt })),
    overages: truth.overages.map((o) => ({ ...scope(o), limit: o.limit, used: o.used })),
    notices: truth.notices.map((n) => ({
      ...scope(n),
      level: n.level,
      createdAt: n.createdAt,
      status: n.status === 'DUE' ? 'PENDING' : n.status,
      reason: n.reason,
    })),
  };
}

/** Each list as sorted lines, so that a difference reads well and order does not matter. */
export function comparable(results: Results): Record<keyof Results, string[]> {
  const lines = (items: readonly object[]): string[] =>
    items
      .map((item) =>
        Object.entries(item)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => `${key}=${shown(key, value)}`)
          .join(' '),
      )
      .sort();
  return {
    windows: lines(results.windows),
    crossings: lines(results.crossings),
    violations: lines(results.violations),
    overages: lines(results.overages),
    notices: lines(results.notices),
  };
}

function shown(key: string, value: unknown): string {
  const isTime = typeof value === 'number' && /^(start|end|crossedAt|occurredAt|createdAt)$/.test(key);
  return isTime ? new Date(value).toISOString() : String(value);
}

/** One thing that happens on the platform; `wait` passes before it arrives. */
export type Happening = { wait: number; account: number } & (
  | {
      kind: 'burst';
      what: 'chats' | 'sessions' | 'tickets';
      count: number;
      late: number;
      gap: number;
      ws: number;
    }
  | { kind: 'upload'; bytes: number; late: number; ws: number }
  | { kind: 'again'; back: number; newEventId: boolean; shift: number }
  | { kind: 'snapshot'; plan: string; status: AccountSnapshot['status']; zone: string; anchor: number | null }
  | { kind: 'tombstone' }
);

const ZONES = [
  'UTC',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'Pacific/Auckland',
];
const PLANS = ['sandbox', 'pro', 'unlimited', 'ltd', 'mystery'];

const wait = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 * MINUTE }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 70 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: HOUR, max: 26 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: DAY, max: 36 * DAY }) },
);
const late = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -9 * MINUTE, max: 70 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: HOUR, max: 34 * DAY }) },
);
const count = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: 15, max: 110 }) },
  { weight: 2, arbitrary: fc.constantFrom(790, 800, 1_000, 1_599, 1_600, 1_999, 2_000, 2_100) },
);

/** Happenings of up to three accounts with up to three workspaces each. */
export function happenings(maxLength: number): fc.Arbitrary<Happening[]> {
  const base = { wait, account: fc.integer({ min: 0, max: 2 }) };
  const snapshot = fc.record({
    ...base,
    kind: fc.constant('snapshot' as const),
    plan: fc.constantFrom(...PLANS),
    status: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'SUSPENDED' as const, 'UNKNOWN' as const),
    zone: fc.constantFrom(...ZONES),
    anchor: fc.constantFrom(null, 1, 15, 30, 31),
  });
  const burst = fc.record({
    ...base,
    kind: fc.constant('burst' as const),
    what: fc.constantFrom('chats' as const, 'chats' as const, 'sessions' as const, 'tickets' as const),
    count,
    late,
    gap: fc.constantFrom(0, 1, 999, 2_000),
    ws: fc.integer({ min: 0, max: 2 }),
  });
  const upload = fc.record({
    ...base,
    kind: fc.constant('upload' as const),
    bytes: fc.constantFrom(0, 1, 199, 400, 799, 800, 1_000, 2_500),
    late,
    ws: fc.integer({ min: 0, max: 2 }),
  });
  const again = fc.record({
    ...base,
    kind: fc.constant('again' as const),
    back: fc.integer({ min: 0, max: 2_000 }),
    newEventId: fc.boolean(),
    shift: fc.constantFrom(0, 0, 1, HOUR, -HOUR),
  });
  const tombstone = fc.record({ ...base, kind: fc.constant('tombstone' as const) });
  const one: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 9, arbitrary: burst },
    { weight: 3, arbitrary: upload },
    { weight: 3, arbitrary: again },
    { weight: 5, arbitrary: snapshot },
    { weight: 1, arbitrary: tombstone },
  );
  return fc.array(one, { minLength: 1, maxLength, size: 'max' });
}

/** The log of happenings, in order of arrival, one partition a topic. */
export function logOf(happened: readonly Happening[]): LogEntry[] {
  const writer = new Writer();
  for (const happening of happened) writer.take(happening);
  return writer.entries;
}

class Writer {
  readonly entries: LogEntry[] = [];
  private readonly offsets = new Map<string, number>();
  private readonly usage: Exclude<LogEntry, { garbage: string } | { tombstone: string }>[] = [];
  private now = BEGIN;
  private ids = 0;
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
    }
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
    const id = `x${this.ids}`;
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

  private upload(accountId: string, of: Extract<Happening, { kind: 'upload' }>): void {
    this.ids += 1;
    const value = {
      eventId: `e${this.ids}`,
      accountId,
      workspaceId: `w${of.ws}`,
      botId: 'b',
      uploadId: `x${this.ids}`,
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
    this.revision += 1;
    const value: AccountSnapshot = {
      accountId,
      revision: this.revision,
      updatedAt: this.now,
      status: of.status,
      plan: of.plan,
      isDeal: false,
      customerType: 'COMPANY',
      ownerId: 'o',
      company: null,
      locale: 'en',
      timeZone: of.zone,
      billingAnchorDay: of.anchor,
      contacts: [{ name: 'N', email: 'n@example.com', role: 'OWNER', locale: null, notify: true }],
      workspaces: [],
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
