import { HOUR_MS } from '../windows/window.js';
import type { Crossing, Ledger } from './ledger.js';

const EPISODE_MAX_MS = 24 * HOUR_MS;

/**
 * The episode that an hour's crossing belongs to. An hour whose neighbour before or after (or which itself, under
 * another limit) already reached the level joins that episode, as long as the episode then spans at most 24 hours;
 * otherwise it begins one of its own. `earlier` are the recorded crossings of the same scope, rule and level.
 */
export function episodeOf(
  earlier: readonly Crossing[],
  hourStart: number,
): { continues: boolean; episodeStart: number } {
  for (const neighbour of [hourStart, hourStart - HOUR_MS, hourStart + HOUR_MS]) {
    const crossing = earlier.findLast((c) => c.window.start === neighbour);
    const episodeStart = crossing?.episodeStart ?? null;
    if (episodeStart === null) continue;
    const hours = earlier.filter((c) => c.episodeStart === episodeStart).map((c) => c.window.start);
    const span = Math.max(...hours, hourStart) + HOUR_MS - Math.min(...hours, hourStart);
    if (span <= EPISODE_MAX_MS) return { continues: true, episodeStart };
  }
  return { continues: false, episodeStart: hourStart };
}

/**
 * Whether the episode that a crossing continues had notices and all of them were taken back, so that it has made none
 * (contract §3: one episode makes one notice).
 */
export function tookAllBack(ledger: Ledger, { rule, workspaceId, level, episodeStart }: Crossing): boolean {
  if (episodeStart === null) return false;
  const isOfScope = (one: { rule: string; workspaceId: string }): boolean =>
    one.rule === rule && one.workspaceId === workspaceId;
  const hours = ledger.crossings
    .filter((c) => isOfScope(c) && c.level === level && c.episodeStart === episodeStart)
    .map((c) => c.window.start);
  const notices = ledger.notices.filter(
    (n) => n.kind === 'THRESHOLD_WARNING' && isOfScope(n) && hours.includes(n.window.start),
  );
  return notices.length > 0 && notices.every(({ status }) => status === 'CANCELLED');
}
