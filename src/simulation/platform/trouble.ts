import { emit, type Emission } from './emission.js';
import type { EventMaker } from './events.js';
import type { Random } from './random.js';
import type { Profile } from './roster.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const UNKNOWN_SCHEMA_ID = 2_000_000_001;

function underUnknownSchema(): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(UNKNOWN_SCHEMA_ID, 1);
  return bytes;
}

type Trouble = (make: EventMaker, profile: Profile, now: number) => Emission;

/** What goes wrong on a real platform sooner or later, one after the other. */
const TROUBLES: readonly Trouble[] = [
  (_, { snapshot }) => ({
    topic: 'platform.chats.v1',
    key: snapshot.accountId,
    bytes: Buffer.from('{"chat":"plain JSON"}'),
  }),
  (_, { snapshot }) => ({
    topic: 'platform.sessions.v1',
    key: snapshot.accountId,
    bytes: underUnknownSchema(),
  }),
  (_, { snapshot }) => ({ topic: 'platform.tickets.v1', key: snapshot.accountId, bytes: null }),
  (make, profile, now) =>
    emit({ topic: 'platform.chats.v1', value: { ...make.chat(profile, now), chatId: 'nul\0nul' } }),
  (make, profile, now) =>
    emit({ topic: 'platform.sessions.v1', value: make.session(profile, now - 36 * DAY) }),
  (make, profile, now) => emit({ topic: 'platform.chats.v1', value: make.chat(profile, now + 25 * MINUTE) }),
  (make, profile, now) => ({
    ...emit({ topic: 'platform.sessions.v1', value: make.session(profile, now) }),
    damage: 'cut',
  }),
  (make, profile, now) => ({
    ...emit({
      topic: 'platform.tickets.v1',
      value: { ...make.ticket(profile, now), ticketId: make.id('é') },
    }),
    damage: 'not-utf8',
  }),
  (make, profile, now) =>
    emit({ topic: 'platform.uploads.v1', value: { ...make.upload(profile, now), sizeBytes: -1 } }),
  (_, { snapshot }) => ({ topic: 'platform.uploads.v1', key: snapshot.accountId, bytes: Buffer.alloc(0) }),
  // Events of an account that nobody has ever introduced: kept, and counted should it come.
  (make, profile, now) => {
    const value = { ...make.chat(profile, now), accountId: 'acc-nobody-knows' };
    return emit({ topic: 'platform.chats.v1', value });
  },
  (make, { snapshot: { accountId } }, occurredAt) => {
    const value = { eventId: make.id('ev'), accountId, notificationId: null, channel: 'email', occurredAt };
    return emit({ topic: 'platform.replies.v1', value });
  },
];

/** One trouble about every twenty seconds. */
export class Troubles {
  private count = 0;
  private nextAt: number;

  constructor(
    private readonly random: Random,
    private readonly make: EventMaker,
    start: number,
  ) {
    this.nextAt = start + 10_000;
  }

  until(now: number, profiles: readonly Profile[]): Emission[] {
    if (now < this.nextAt) return [];
    this.nextAt = now + this.random.between(15_000, 25_000);
    const trouble = TROUBLES[this.count % TROUBLES.length];
    this.count += 1;
    return trouble === undefined ? [] : [trouble(this.make, this.random.pick(profiles), now)];
  }
}
