import type { Crossing } from './types.js';

const HOUR = 3_600_000;

export interface Episode {
  first: number;
  last: number;
}

/**
 * Hours that reached a level, per scope, rule and level (contract §3 "Hour episodes"): an hour joins the episode
 * of the same hour, of the one before or of the one after, unless the episode then spans more than 24 hours.
 */
export class Episodes {
  private readonly ofHour = new Map<string, Episode>();

  /** The episode that the hour of a crossing belongs to, and whether it continues it; it starts a new one if not. */
  join(crossing: Pick<Crossing, 'accountId' | 'workspaceId' | 'rule' | 'level' | 'start'>): {
    episode: Episode;
    continues: boolean;
  } {
    const scope = `${crossing.rule}|${crossing.level}|${crossing.accountId}|${crossing.workspaceId ?? ''}`;
    const name = (start: number): string => `${String(start)}|${scope}`;
    const { start } = crossing;
    for (const neighbour of [start, start - HOUR, start + HOUR]) {
      const episode = this.ofHour.get(name(neighbour));
      if (episode === undefined) continue;
      const first = Math.min(episode.first, start);
      const last = Math.max(episode.last, start);
      if (last - first >= 24 * HOUR) continue;
      Object.assign(episode, { first, last });
      this.ofHour.set(name(start), episode);
      return { episode, continues: true };
    }
    const episode = { first: start, last: start };
    this.ofHour.set(name(start), episode);
    return { episode, continues: false };
  }
}
