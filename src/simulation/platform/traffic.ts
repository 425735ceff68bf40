import type { Agenda } from './agenda.js';
import { emit, type Emission } from './emission.js';
import type { EventMaker } from './events.js';
import type { Random } from './random.js';
import { awake, type Campaigns } from './rhythm.js';
import type { Profile } from './roster.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

/** Of a hundred things that begin. Each draws about one more event after it. */
const MIX = [
  { kind: 'chats', share: 30 },
  { kind: 'sessions', share: 48 },
  { kind: 'tickets', share: 10 },
  { kind: 'uploads', share: 12 },
] as const;
type Kind = (typeof MIX)[number]['kind'];
const EVENTS_PER_BEGINNING = 2;

/** The everyday traffic: whose customers do what, what follows from it, and what the network makes of it. */
export class Traffic {
  constructor(
    private readonly random: Random,
    private readonly make: EventMaker,
    private readonly agenda: Agenda,
    private readonly campaigns: Campaigns,
  ) {}

  /** What begins between two instants at about `rate` events a second, spread over the time between. */
  between(from: number, to: number, rate: number, profiles: readonly Profile[]): Emission[] {
    const beginnings = this.random.times((((to - from) / SECOND) * rate) / EVENTS_PER_BEGINNING);
    const rhythm = new Map(profiles.map((one) => [one, awake(one.snapshot.timeZone, to)]));
    const weight = (kind: Kind) => (one: Profile) =>
      one[kind] *
      (rhythm.get(one) ?? 0) *
      (kind === 'chats' ? this.campaigns.factor(one.snapshot.accountId) : 1);
    return Array.from({ length: beginnings }, (_, index) => {
      const { kind } = this.random.weighted(MIX, ({ share }) => share);
      const profile = this.random.weighted(profiles, weight(kind));
      return this.begin(kind, profile, Math.round(from + ((index + 1) / beginnings) * (to - from)));
    });
  }

  private begin(kind: Kind, profile: Profile, now: number): Emission {
    const occurredAt = this.random.chance(0.05) ? now - this.delay() : now;
    const first = this.first(kind, profile, occurredAt, now);
    if (this.random.chance(0.02)) this.agenda.add(now + this.random.exponential(5 * SECOND), first);
    return first;
  }

  private first(kind: Kind, profile: Profile, occurredAt: number, now: number): Emission {
    const later = (mean: number): number => Math.round(this.random.exponential(mean));
    switch (kind) {
      case 'chats': {
        const chat = this.make.chat(profile, occurredAt);
        const lasted = later(2 * MINUTE);
        const ended = { ...this.make.again(chat), type: 'ENDED' as const, occurredAt: occurredAt + lasted };
        if (this.random.chance(0.95)) this.follow(now + lasted, { topic: 'platform.chats.v1', value: ended });
        const retry = { topic: 'platform.chats.v1' as const, value: this.make.again(chat) };
        if (this.random.chance(0.02)) this.follow(now + later(8 * SECOND), retry);
        return emit({ topic: 'platform.chats.v1', value: chat });
      }
      case 'sessions': {
        const session = this.make.session(profile, occurredAt);
        const lasted = later(4 * MINUTE);
        const ended = {
          ...this.make.again(session),
          type: 'ENDED' as const,
          occurredAt: occurredAt + lasted,
        };
        if (this.random.chance(0.9))
          this.follow(now + lasted, { topic: 'platform.sessions.v1', value: ended });
        return emit({ topic: 'platform.sessions.v1', value: session });
      }
      case 'tickets': {
        const ticket = this.make.ticket(profile, occurredAt);
        for (const type of ['UPDATED', 'UPDATED', 'CLOSED'] as const) {
          const passed = later(3 * MINUTE);
          const value = { ...this.make.again(ticket), type, occurredAt: occurredAt + passed };
          this.follow(now + passed, { topic: 'platform.tickets.v1', value });
        }
        return emit({ topic: 'platform.tickets.v1', value: ticket });
      }
      case 'uploads':
        return emit({ topic: 'platform.uploads.v1', value: this.make.upload(profile, occurredAt) });
    }
  }

  private follow(at: number, record: Parameters<typeof emit>[0]): void {
    this.agenda.add(at, emit(record));
  }

  /** How late a mobile client delivers: mostly minutes, sometimes hours, seldom days. */
  private delay(): number {
    const mean = this.random.weighted(
      [5 * MINUTE, 3 * 60 * MINUTE, 1.5 * DAY],
      (time) => 1 / Math.sqrt(time),
    );
    return Math.min(30 * DAY, Math.round(this.random.exponential(mean)));
  }
}
