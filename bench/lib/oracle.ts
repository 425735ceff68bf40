import type { Chat } from './workload.js';

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Plan `pro`: so many chats within 60 minutes, told at 80 and 100 per cent. */
const LIMIT = 2_000;
const LEVELS = [80, 100] as const;

export interface ExpectedHour {
  used: number;
  peak: number;
}

export interface Expected {
  readonly records: number;
  readonly counted: number;
  /** By `account/start of hour (epoch ms)`. */
  readonly hours: ReadonlyMap<string, ExpectedHour>;
  /** By `account/start of hour/level`: the figure and the event that reached it. */
  readonly crossings: ReadonlyMap<string, { readonly used: number; readonly cause: string }>;
}

interface Account {
  readonly seen: Set<string>;
  /** Sums of the 60 minutes that end with each minute of the span. */
  readonly rolling: Int32Array;
}

/**
 * What must have been counted, the naive way and sharing no code with the engine: sets of ids, and after each event the
 * rolling sums of the minutes it lies in. Events are taken in the order of their partition.
 */
export class Oracle {
  private readonly accounts = new Map<string, Account>();
  private readonly hours = new Map<string, ExpectedHour>();
  private readonly crossings = new Map<string, { used: number; cause: string }>();
  private records = 0;
  private counted = 0;
  private readonly firstHour: number;

  /** @param from an instant (epoch ms) not after the earliest event; all events lie within `hours` of it */
  constructor(
    from: number,
    private readonly limit = LIMIT,
    private readonly span = 12,
  ) {
    this.firstHour = Math.floor(from / (MINUTES * MINUTE_MS)) - 1;
  }

  take(chat: Chat): void {
    this.records += 1;
    if (chat.type !== 'STARTED') return;
    let account = this.accounts.get(chat.accountId);
    if (account === undefined) {
      account = { seen: new Set(), rolling: new Int32Array(this.span * MINUTES) };
      this.accounts.set(chat.accountId, account);
    }
    if (account.seen.has(chat.chatId)) return;
    account.seen.add(chat.chatId);
    this.counted += 1;
    const minute = Math.floor(chat.occurredAt / MINUTE_MS) - this.firstHour * MINUTES;
    if (minute < 0 || minute + MINUTES > account.rolling.length)
      throw new Error('an event lies outside of the span');
    for (let at = minute; at < minute + MINUTES; at += 1)
      account.rolling[at] = (account.rolling[at] ?? 0) + 1;
    const hour = Math.floor(minute / MINUTES);
    const row = this.hourOf(chat.accountId, hour);
    row.used += 1;
    this.judge(chat, account, hour, row);
    const next = this.hours.get(this.keyOf(chat.accountId, hour + 1));
    if (next !== undefined) this.judge(chat, account, hour + 1, next);
  }

  expected(): Expected {
    const { records, counted, hours, crossings } = this;
    return { records, counted, hours, crossings };
  }

  private keyOf(accountId: string, hour: number): string {
    return `${accountId}/${(this.firstHour + hour) * MINUTES * MINUTE_MS}`;
  }

  private hourOf(accountId: string, hour: number): ExpectedHour {
    const key = this.keyOf(accountId, hour);
    let row = this.hours.get(key);
    if (row === undefined) this.hours.set(key, (row = { used: 0, peak: 0 }));
    return row;
  }

  private judge(chat: Chat, account: Account, hour: number, row: ExpectedHour): void {
    for (let at = hour * MINUTES; at < (hour + 1) * MINUTES; at += 1) {
      row.peak = Math.max(row.peak, account.rolling[at] ?? 0);
    }
    for (const level of LEVELS) {
      const key = `${this.keyOf(chat.accountId, hour)}/${level}`;
      if (row.peak * 100 >= this.limit * level && !this.crossings.has(key)) {
        this.crossings.set(key, { used: row.peak, cause: chat.eventId });
      }
    }
  }
}
