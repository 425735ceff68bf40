import { emit, type Emission } from './emission.js';
import type { EventMaker } from './events.js';
import type { Random } from './random.js';
import type { Profile } from './roster.js';
import { SCENE_ACCOUNTS } from './sceneAccounts.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1_024 ** 2;

/** How far the opening scenes have come; kept over restarts, so that each is played once. */
export interface SceneProgress {
  sent: Record<string, number>;
  /** When the last event of the busy hour went out (epoch ms). */
  lastChatAt: number;
  /** When the clients of the late burst lost their connection (epoch ms). */
  offlineFrom?: number;
}

type Kind = 'chat now' | 'session of late' | 'ticket of late' | 'large file' | 'chat while offline';

interface Scene {
  accountId: string;
  kind: Kind;
  /** Enough for the level, short of the next one. */
  events: number;
  /** After the start of a run. */
  begins: number;
  lasts: number;
}

const BUSY_HOUR: Scene = {
  // 80 % of 2,000 chats within sixty minutes; everyday traffic adds little, so it stays below the limit.
  ...{ accountId: SCENE_ACCOUNTS.chatsNearLimit, kind: 'chat now', events: 1_640 },
  ...{ begins: 0, lasts: 70 * SECOND },
};

const SCENES: readonly Scene[] = [
  BUSY_HOUR,
  // 80 % of 10,000 sessions of one workspace in its month.
  {
    ...{ accountId: SCENE_ACCOUNTS.sessionsNearLimit, kind: 'session of late', events: 8_060 },
    ...{ begins: 0, lasts: 60 * SECOND },
  },
  // Past 10,000 sessions: a violation, then an overage.
  {
    ...{ accountId: SCENE_ACCOUNTS.sessionsOverLimit, kind: 'session of late', events: 10_080 },
    ...{ begins: 0, lasts: 80 * SECOND },
  },
  // The 100 chats of Sandbox: an invitation to upgrade, and the service is limited.
  {
    ...{ accountId: SCENE_ACCOUNTS.sandboxFull, kind: 'chat now', events: 104 },
    ...{ begins: 5 * SECOND, lasts: 20 * SECOND },
  },
  // The same, until the account is upgraded (see changes.ts).
  {
    ...{ accountId: SCENE_ACCOUNTS.outgrown, kind: 'chat now', events: 104 },
    ...{ begins: 10 * SECOND, lasts: 20 * SECOND },
  },
  // 80 % of the 10,000 tickets of LTD.
  {
    ...{ accountId: SCENE_ACCOUNTS.ticketsNearLimit, kind: 'ticket of late', events: 8_040 },
    ...{ begins: 10 * SECOND, lasts: 60 * SECOND },
  },
  {
    ...{ accountId: SCENE_ACCOUNTS.largeFile, kind: 'large file', events: 1 },
    ...{ begins: 20 * SECOND, lasts: SECOND },
  },
  // 80 % of an hour that is long over: one warning for what arrives all at once.
  {
    ...{ accountId: SCENE_ACCOUNTS.lateBurst, kind: 'chat while offline', events: 1_650 },
    ...{ begins: 30 * SECOND, lasts: 6 * SECOND },
  },
];

/**
 * What anyone who watches the first minutes of a run shall see: accounts near a limit, at it and past it, a file that is
 * too large, mobile clients that were offline for hours. What comes "of late" occurred within the last eight days: the
 * month of these accounts began before that (see roster.ts).
 */
export class Scenes {
  constructor(
    private readonly random: Random,
    private readonly make: EventMaker,
    private readonly progress: SceneProgress,
    private readonly start: number,
  ) {
    const begun = progress.sent[BUSY_HOUR.accountId] ?? 0;
    // Sixty minutes do not wait for a restart: an interrupted busy hour begins anew.
    if (begun < BUSY_HOUR.events && start - progress.lastChatAt > 20 * MINUTE) {
      progress.sent[BUSY_HOUR.accountId] = 0;
    }
  }

  between(from: number, to: number, profiles: readonly Profile[]): Emission[] {
    return SCENES.flatMap((scene) => {
      const profile = profiles.find(({ snapshot }) => snapshot.accountId === scene.accountId);
      if (profile === undefined || to - this.start < scene.begins) return [];
      const sent = this.progress.sent[scene.accountId] ?? 0;
      const pace = (scene.events / scene.lasts) * (to - from);
      const count = Math.min(scene.events - sent, this.random.times(pace));
      if (count <= 0) return [];
      this.progress.sent[scene.accountId] = sent + count;
      if (scene === BUSY_HOUR) this.progress.lastChatAt = to;
      return Array.from({ length: count }, () => this.event(scene.kind, profile, to));
    });
  }

  private event(kind: Kind, profile: Profile, now: number): Emission {
    const workspaceId = profile.snapshot.workspaces[0]?.workspaceId ?? '';
    const ofLate = (): number => now - this.random.between(10 * MINUTE, 8 * DAY);
    switch (kind) {
      case 'chat now':
        return emit({ topic: 'platform.chats.v1', value: this.make.chat(profile, now) });
      case 'session of late': {
        const value = { ...this.make.session(profile, ofLate()), workspaceId };
        return emit({ topic: 'platform.sessions.v1', value });
      }
      case 'ticket of late':
        return emit({ topic: 'platform.tickets.v1', value: this.make.ticket(profile, ofLate()) });
      case 'large file': {
        const file = { fileName: 'holiday-film.mp4', contentType: 'video/mp4', sizeBytes: 7 * MIB };
        const value = { ...this.make.upload(profile, now), ...file };
        return emit({ topic: 'platform.uploads.v1', value });
      }
      case 'chat while offline': {
        const offlineFrom = (this.progress.offlineFrom ??= now - 4 * HOUR);
        const occurredAt = offlineFrom + this.random.between(0, 50 * MINUTE);
        return emit({ topic: 'platform.chats.v1', value: this.make.chat(profile, occurredAt) });
      }
    }
  }
}
