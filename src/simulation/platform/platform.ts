import { Agenda } from './agenda.js';
import { AccountFeed, type AccountChanges } from './changes.js';
import type { Emission } from './emission.js';
import { EventMaker } from './events.js';
import { Random } from './random.js';
import { Campaigns } from './rhythm.js';
import { roster, type Profile } from './roster.js';
import { Scenes, type SceneProgress } from './scenes.js';
import { Traffic } from './traffic.js';
import { Troubles } from './trouble.js';

/** What a run hands on to the next: plain data, written as JSON. */
export interface PlatformState {
  seed: number;
  /** When the platform began (epoch ms): accounts are made from it. */
  createdAt: number;
  /** Counts the starts; part of every id, so that no two runs share one. */
  run: number;
  scenes: SceneProgress;
  accounts: AccountChanges;
}

/** A longer silence than this (a suspended process, a broker that was down) is not made up for. */
const LONGEST_STEP = 60_000;

/** The state of a platform that has never run. */
export function newPlatform(seed: number, now: number): PlatformState {
  return {
    seed,
    createdAt: now,
    run: 0,
    scenes: { sent: {}, lastChatAt: 0 },
    accounts: { snapshots: {}, closed: [], done: [] },
  };
}

/**
 * The simulated platform. The same state, start and steps give the same records. `state` is kept up to date in
 * place; `state.run` must have been raised before.
 */
export class Platform {
  readonly profiles: Profile[];
  private last: number;
  private readonly feed: AccountFeed;
  private readonly agenda: Agenda;
  private readonly campaigns: Campaigns;
  private readonly traffic: Traffic;
  private readonly scenes: Scenes;
  private readonly troubles: Troubles;

  constructor(
    state: PlatformState,
    start: number,
    private readonly ratePerSecond: number,
  ) {
    this.last = start;
    const random = new Random(state.seed * 1_000_003 + state.run);
    const make = new EventMaker(random, state.run);
    this.profiles = roster(state.seed, state.createdAt, state.run).map((profile) => ({
      ...profile,
      snapshot: state.accounts.snapshots[profile.snapshot.accountId] ?? profile.snapshot,
    }));
    this.feed = new AccountFeed(start, state.accounts);
    this.agenda = new Agenda(start);
    this.campaigns = new Campaigns(random, start);
    this.traffic = new Traffic(random, make, this.agenda, this.campaigns);
    this.scenes = new Scenes(random, make, state.scenes, start);
    this.troubles = new Troubles(random, make, start);
  }

  /** What the platform publishes for the time since the last call, in order; `now` in epoch ms. */
  next(now: number): Emission[] {
    const from = Math.max(this.last, now - LONGEST_STEP);
    if (now <= from) return [];
    this.last = now;
    this.campaigns.move(now, this.profiles);
    return [
      ...this.feed.until(now, this.profiles),
      ...this.traffic.between(from, now, this.ratePerSecond, this.profiles),
      ...this.scenes.between(from, now, this.profiles),
      ...this.agenda.take(now),
      ...this.troubles.until(now, this.profiles),
    ];
  }
}
