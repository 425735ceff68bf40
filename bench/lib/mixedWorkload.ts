import { randomFrom, uuid, zipf } from './random.js';

export const HOUR_MS = 3_600_000;
const LATE_MS = 600_000;
/** Of each kind so many of a hundred events. */
const SHARES = { chats: 50, sessions: 30, tickets: 10, uploads: 10 } as const;
const REMEMBERED = 10_000;
export const WORKSPACES = 3;

export type Kind = keyof typeof SHARES;
export const KINDS = Object.keys(SHARES) as Kind[];

/** An event as the contract has it, with what it counts for. */
export interface MixedEvent {
  readonly kind: Kind;
  readonly account: number;
  readonly workspace: number;
  readonly repeated: boolean;
  readonly record: Readonly<Record<string, unknown>> & {
    readonly accountId: string;
    readonly occurredAt: number;
    readonly sizeBytes?: number;
  };
}

export interface MixedSettings {
  readonly events: number;
  readonly accounts: number;
  readonly kinds: readonly Kind[];
  readonly seed: number;
  /** Event time of the first event, epoch ms. */
  readonly from: number;
  readonly hours: number;
}

export function mixedAccount(n: number): string {
  return `acc-${String(n).padStart(6, '0')}`;
}

/** A quarter of the accounts has the plan that counts tickets, and chats by workspace. */
export function planOf(account: number): string {
  return account % 4 === 0 ? 'ltd' : 'pro';
}

/**
 * Events of several kinds: accounts by Zipf's law with three workspaces each, 5 % repeated within 10,000 events, 3 % late
 * by up to ten minutes; all of them count. The same settings give the same events.
 */
export function* mixedEvents(settings: MixedSettings): Generator<MixedEvent> {
  const { events, kinds, from, hours } = settings;
  const random = randomFrom(settings.seed);
  const below = (n: number): number => Math.floor(random() * n);
  const rank = zipf(settings.accounts, random);
  const recent: MixedEvent[] = [];
  const lots = kinds.flatMap((kind) => Array.from({ length: SHARES[kind] }, () => kind));
  for (let n = 0; n < events; n += 1) {
    const again = random() < 0.05 ? recent[below(recent.length)] : undefined;
    if (again !== undefined) {
      yield { ...again, repeated: true };
      continue;
    }
    const late = random() < 0.03 ? 1 + below(LATE_MS) : 0;
    const occurredAt = Math.max(from, from + Math.floor((n / events) * hours * HOUR_MS) - late);
    const event = fresh(lots[below(lots.length)] ?? 'chats', rank(), below(WORKSPACES), occurredAt);
    if (recent.length < REMEMBERED) recent.push(event);
    else recent[below(REMEMBERED)] = event;
    yield event;
  }

  function fresh(kind: Kind, account: number, workspace: number, occurredAt: number): MixedEvent {
    const accountId = mixedAccount(account);
    const workspaceId = `ws-${accountId.slice(4)}-${workspace}`;
    const common = { eventId: uuid(random), accountId, workspaceId, botId: `bot-${workspaceId}`, occurredAt };
    const id = uuid(random);
    const record = {
      chats: { ...common, chatId: id, type: 'STARTED', channel: null },
      sessions: { ...common, sessionId: id, type: 'STARTED' },
      tickets: { ...common, ticketId: id, type: 'CREATED' },
      uploads: {
        ...common,
        uploadId: id,
        fileName: 'notes.pdf',
        contentType: 'application/pdf',
        sizeBytes: 1 + below(100_000),
      },
    }[kind];
    return { kind, account, workspace, repeated: false, record };
  }
}
