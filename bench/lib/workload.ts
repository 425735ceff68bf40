import { randomFrom, uuid, zipf } from './random.js';

const SPAN_MS = 6 * 3_600_000;
const LATE_MS = 600_000;
const DUPLICATES = 0.05 / 0.95;
const OPEN_AT_MOST = 100_000;
const DUPLICATE_WITHIN = 100_000;

/** A chat event as the contract has it, without what is always the same. */
export interface Chat {
  readonly eventId: string;
  readonly accountId: string;
  readonly workspaceId: string;
  readonly botId: string;
  readonly chatId: string;
  readonly type: 'STARTED' | 'ENDED';
  readonly channel: null;
  readonly occurredAt: number;
}

export interface WorkloadSettings {
  readonly events: number;
  readonly accounts: number;
  readonly seed: number;
  /** Event time of the first event, epoch ms; six hours follow. */
  readonly from: number;
}

export function accountName(n: number): string {
  return `acc-${String(n).padStart(5, '0')}`;
}

/**
 * The workload of the bench: accounts by Zipf's law, 1–3 workspaces, four STARTED to one ENDED, 5 % repeated (half up to
 * 100,000 events later, half up to three minutes), 3 % late by up to ten minutes. The same settings give the same events.
 */
export function* chats({ events, accounts, seed, from }: WorkloadSettings): Generator<Chat> {
  const random = randomFrom(seed);
  const rank = zipf(accounts, random);
  const below = (n: number): number => Math.floor(random() * n);
  const open: Chat[] = [];
  // Repetitions by the number of the event they follow; what lies past the end comes last.
  const due = new Map<number, Chat[]>();
  const perMinute = Math.max(1, Math.floor(events / 360));
  let waiting = 0;
  const overdue: Chat[] = [];
  for (let n = 0; n < events; n += 1) {
    const arrived = due.get(n);
    if (arrived !== undefined) {
      overdue.push(...arrived);
      due.delete(n);
    }
    if (overdue.length === 0 && waiting >= events - n) {
      for (const list of due.values()) overdue.push(...list);
      due.clear();
    }
    const repeated = overdue.shift();
    if (repeated !== undefined) {
      waiting -= 1;
      yield repeated;
      continue;
    }
    const late = random() < 0.03 ? 1 + below(LATE_MS) : 0;
    const occurredAt = Math.max(from, from + Math.floor((n / events) * SPAN_MS) - late);
    const begins = open.length === 0 || random() < 0.8;
    const event = begins ? started(rank(), occurredAt) : ended(occurredAt);
    yield event;
    if (random() >= DUPLICATES) continue;
    const after = random() < 0.5 ? 1 + below(DUPLICATE_WITHIN) : 1 + below(3 * perMinute);
    const at = Math.min(events - 1, n + after);
    waiting += 1;
    const list = due.get(at);
    if (list === undefined) due.set(at, [event]);
    else list.push(event);
  }

  function started(account: number, occurredAt: number): Chat {
    const name = accountName(account);
    const workspaceId = `ws-${name.slice(4)}-${below(1 + (account % 3))}`;
    const chat: Chat = {
      eventId: uuid(random),
      accountId: name,
      workspaceId,
      botId: `bot-${workspaceId.slice(3)}${below(2)}`,
      chatId: uuid(random),
      type: 'STARTED',
      channel: null,
      occurredAt,
    };
    if (open.length < OPEN_AT_MOST) open.push(chat);
    else open[below(open.length)] = chat;
    return chat;
  }

  function ended(occurredAt: number): Chat {
    const at = below(open.length);
    const chat = open[at];
    const last = open.pop();
    if (chat === undefined || last === undefined) throw new Error('no chat is open');
    if (at < open.length) open[at] = last;
    return { ...chat, eventId: uuid(random), type: 'ENDED', occurredAt };
  }
}
