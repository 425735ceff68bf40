import { emit, type Emission } from './emission.js';
import type { EventMaker } from './events.js';
import type { Random } from './random.js';
import { SCENE_ACCOUNTS, type Profile } from './roster.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

/** How far the opening scenes have come; kept over restarts, so that each is played once. */
export interface SceneProgress {
  sent: Record<string, number>;
  /** When the last event of the busy hour went out (epoch ms). */
  lastChatAt: number;
}

interface Scene {
  accountId: string;
  kind: 'chats' | 'sessions';
  /** Enough for the level, short of the next one. */
  events: number;
  lasts: number;
}

const SCENES: readonly Scene[] = [
  // 80 % of 2,000 chats within sixty minutes; everyday traffic adds little, so it stays below the limit.
  { accountId: SCENE_ACCOUNTS.chatsNearLimit, kind: 'chats', events: 1_640, lasts: 70 * SECOND },
  // 80 % of 10,000 sessions of one workspace in its month.
  { accountId: SCENE_ACCOUNTS.sessionsNearLimit, kind: 'sessions', events: 8_060, lasts: 60 * SECOND },
  // Past 10,000 sessions: a violation, then an overage.
  { accountId: SCENE_ACCOUNTS.sessionsOverLimit, kind: 'sessions', events: 10_080, lasts: 80 * SECOND },
];

/**
 * What anyone who watches the first two minutes of a run shall see: one account near its hourly limit, one near
 * the limit of its month, one over it. Sessions arrive late and in a burst, as from clients that were offline, and
 * occurred within the last eight days: the month of these accounts began before that (see roster.ts).
 */
export class Scenes {
  constructor(
    private readonly random: Random,
    private readonly make: EventMaker,
    private readonly progress: SceneProgress,
    now: number,
  ) {
    const { chatsNearLimit } = SCENE_ACCOUNTS;
    const begun = progress.sent[chatsNearLimit] ?? 0;
    const finished = begun >= (SCENES[0]?.events ?? 0);
    // Sixty minutes do not wait for a restart: an interrupted busy hour begins anew.
    if (!finished && now - progress.lastChatAt > 20 * MINUTE) progress.sent[chatsNearLimit] = 0;
  }

  between(from: number, to: number, profiles: readonly Profile[]): Emission[] {
    return SCENES.flatMap((scene) => {
      const profile = profiles.find(({ snapshot }) => snapshot.accountId === scene.accountId);
      const sent = this.progress.sent[scene.accountId] ?? 0;
      const pace = (scene.events / scene.lasts) * (to - from);
      const count = Math.min(scene.events - sent, this.random.times(pace));
      if (profile === undefined || count <= 0) return [];
      this.progress.sent[scene.accountId] = sent + count;
      if (scene.kind === 'chats') this.progress.lastChatAt = to;
      return Array.from({ length: count }, () => this.event(scene, profile, to));
    });
  }

  private event(scene: Scene, profile: Profile, now: number): Emission {
    if (scene.kind === 'chats')
      return emit({ topic: 'platform.chats.v1', value: this.make.chat(profile, now) });
    const occurredAt = now - this.random.between(10 * MINUTE, 8 * DAY);
    const session = this.make.session(profile, occurredAt);
    const workspaceId = profile.snapshot.workspaces[0]?.workspaceId ?? session.workspaceId;
    return emit({ topic: 'platform.sessions.v1', value: { ...session, workspaceId } });
  }
}
