import { Random } from '../../../src/simulation/platform/random.js';
import type { InputTopic, PlatformRecord, UsageRecord } from '../../../src/simulation/records.js';
import { makeAccounts, type ChaosAccount, type Habit } from './accounts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1024 * 1024;
const CHATS_AN_HOUR = 2_300;

const HABITS: readonly Habit[] = ['busy', 'heavy', 'sandbox', 'quiet'];
/** What one account of a habit sends, relative to the others: about half of all are chats of the busy ones. */
const WEIGHTS: Readonly<Record<Habit, number>> = { busy: 30, heavy: 1, sandbox: 3, quiet: 2 };

/** One record to publish; `value` null without `record` is a tombstone or garbage. */
export type Emission = { readonly topic: InputTopic; readonly key: string } & (
  { readonly record: PlatformRecord } | { readonly bytes: Buffer | null }
);

/** A platform's traffic, all of it a function of the seed: usage, repeats, late, early and broken records. */
export class Traffic {
  readonly accounts: ChaosAccount[];
  private readonly random: Random;
  private readonly recent: UsageRecord[] = [];
  private readonly base: number;
  private readonly byHabit: ReadonlyMap<Habit, ChaosAccount[]>;
  private ids = 0;

  constructor(seed: number, events: number, now: number) {
    this.random = new Random(seed);
    this.base = Math.floor(now / HOUR) * HOUR;
    this.accounts = makeAccounts(this.random, events, now);
    const of = (habit: Habit) => this.accounts.filter((account) => account.habit === habit);
    this.byHabit = new Map(HABITS.map((habit) => [habit, of(habit)]));
  }

  /** Snapshots of the accounts that are known from the start. */
  introductions(): Emission[] {
    return this.accounts.filter(({ late }) => !late).map(({ snapshot }) => snapshotOf(snapshot));
  }

  /** The next `count` records; `now` is where their times count from. */
  next(count: number, now: number): Emission[] {
    return Array.from({ length: count }, () => this.one(now));
  }

  /**
   * What changes between two rounds, when everything so far was counted: which plan an event is judged by must not
   * depend on which topic was read first.
   */
  changes(now: number): Emission[] {
    const quiet = this.accounts.filter(({ habit }) => habit !== 'busy');
    return Array.from({ length: 4 }, () => {
      const account = this.random.pick(quiet);
      const { snapshot } = account;
      account.late = false;
      const plans = account.habit === 'sandbox' ? ['sandbox', 'pro'] : ['pro', 'unlimited', 'ltd'];
      account.snapshot = {
        ...snapshot,
        revision: snapshot.revision + 1,
        updatedAt: now,
        plan: this.random.pick(plans),
        locale: this.random.pick(['en', 'de']),
      };
      return snapshotOf(account.snapshot);
    });
  }

  /** Accounts that nobody knew are introduced. */
  lateIntroductions(): Emission[] {
    const late = this.accounts.filter((account) => account.late);
    for (const account of late) account.late = false;
    return late.map(({ snapshot }) => snapshotOf(snapshot));
  }

  private one(now: number): Emission {
    const dice = this.random.next();
    if (dice < 0.05 && this.recent.length > 0) return this.again();
    if (dice < 0.055) return this.broken(now);
    const record = this.fresh(now);
    this.recent.push(record);
    if (this.recent.length > 2_000) this.recent.splice(0, 1_000);
    return emit(record);
  }

  /** The same once more: the whole record, or its id under another event. */
  private again(): Emission {
    const record = this.random.pick(this.recent);
    if (this.random.chance(0.7)) return emit(record);
    return emit({ ...record, value: { ...record.value, eventId: this.id('e') } } as UsageRecord);
  }

  private broken(now: number): Emission {
    const { accountId } = this.random.pick(this.accounts).snapshot;
    const key = accountId;
    const chat = this.chat(this.random.pick(this.accounts), now);
    return this.random.pick<() => Emission>([
      () => ({ topic: 'platform.chats.v1', key, bytes: Buffer.from('no record') }),
      () => ({ topic: 'platform.tickets.v1', key, bytes: null }),
      () => ({ topic: 'platform.uploads.v1', key, bytes: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]) }),
      () => emit({ topic: 'platform.chats.v1', value: { ...chat, occurredAt: now - 40 * DAY } }),
      () => emit({ topic: 'platform.chats.v1', value: { ...chat, occurredAt: now + 2 * HOUR } }),
    ])();
  }

  private fresh(now: number): UsageRecord {
    const habit = this.random.weighted(HABITS, (one) => WEIGHTS[one] * (this.byHabit.get(one)?.length ?? 0));
    const account = this.random.pick(this.byHabit.get(habit) ?? this.accounts);
    switch (account.habit) {
      case 'busy':
        return { topic: 'platform.chats.v1', value: this.chat(account, now) };
      case 'heavy':
        return this.upload(account, now);
      case 'sandbox':
        return this.random.chance(0.5)
          ? { topic: 'platform.chats.v1', value: this.chat(account, now) }
          : this.session(account, now);
      case 'quiet':
        return this.random.chance(0.5) ? this.session(account, now) : this.ticket(account, now);
    }
  }

  private chat(account: ChaosAccount, now: number) {
    account.chats += 1;
    const type = this.random.chance(0.9) ? ('STARTED' as const) : ('ENDED' as const);
    const busyHour = this.base - 20 * HOUR + (Math.floor(account.chats / CHATS_AN_HOUR) % 20) * HOUR;
    const inBusyHour = account.habit === 'busy' && this.random.chance(0.9);
    const occurredAt = inBusyHour ? busyHour + this.random.between(0, HOUR - 1) : this.time(now);
    return { ...this.common(account), botId: 'bot', chatId: this.id('c'), type, channel: null, occurredAt };
  }

  private session(account: ChaosAccount, now: number): UsageRecord {
    const value = {
      ...this.common(account),
      botId: 'bot',
      sessionId: this.id('s'),
      type: 'STARTED' as const,
    };
    return { topic: 'platform.sessions.v1', value: { ...value, occurredAt: this.time(now) } };
  }

  private ticket(account: ChaosAccount, now: number): UsageRecord {
    const value = { ...this.common(account), ticketId: this.id('t'), type: 'CREATED' as const };
    return { topic: 'platform.tickets.v1', value: { ...value, occurredAt: this.time(now) } };
  }

  private upload(account: ChaosAccount, now: number): UsageRecord {
    const value = {
      ...this.common(account),
      botId: 'bot',
      uploadId: this.id('u'),
      fileName: 'example.zip',
      contentType: 'application/zip',
      sizeBytes: this.random.between(1, 900) * MIB,
      occurredAt: now - this.random.between(0, HOUR),
    };
    return { topic: 'platform.uploads.v1', value };
  }

  private common(account: ChaosAccount) {
    const { accountId } = account.snapshot;
    return { eventId: this.id('e'), accountId, workspaceId: this.random.chance(0.8) ? 'ws-1' : 'ws-2' };
  }

  /** Mostly now, sometimes late: minutes, hours, days; far from every horizon. */
  private time(now: number): number {
    if (this.random.chance(0.85)) return now;
    const reach = this.random.pick([10 * MINUTE, 5 * HOUR, 30 * DAY]);
    return now - this.random.between(0, reach);
  }

  private id(kind: string): string {
    this.ids += 1;
    return `${kind}${this.ids}`;
  }
}

function snapshotOf(value: ChaosAccount['snapshot']): Emission {
  return emit({ topic: 'platform.accounts.v1', value });
}

function emit(record: PlatformRecord): Emission {
  return { topic: record.topic, key: record.value.accountId, record };
}
