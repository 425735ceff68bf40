import { describe, expect, it } from '@jest/globals';
import { episodeOf } from '../../../src/domain/judging/episodes.js';
import type { Crossing } from '../../../src/domain/judging/ledger.js';
import { HOUR_MS } from '../../../src/domain/windows/window.js';

const DAY_START = Date.parse('2026-05-20T00:00:00Z');

/** Lets hours reach the level in the given order; returns whether each continued, and its episode (in hours). */
function play(hours: readonly number[]): [boolean, number][] {
  const recorded: Crossing[] = [];
  return hours.map((hour, n) => {
    const start = DAY_START + hour * HOUR_MS;
    const { continues, episodeStart } = episodeOf(recorded, start);
    recorded.push({
      rule: 'chats-per-hour',
      workspaceId: '',
      window: { start, end: start + HOUR_MS },
      level: 80,
      limit: 2_000 + n,
      used: 0,
      crossedAt: start,
      causeEventId: null,
      continuesEpisode: continues,
      episodeStart,
      detectedAt: start,
    });
    return [continues, (episodeStart - DAY_START) / HOUR_MS];
  });
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, hour) => hour);

describe('hour episodes', () => {
  it('joins the hour before, the hour after and the hour itself under another limit', () => {
    expect(play([5, 6])).toEqual([
      [false, 5],
      [true, 5],
    ]);
    expect(play([5, 4])).toEqual([
      [false, 5],
      [true, 5],
    ]);
    expect(play([5, 5])).toEqual([
      [false, 5],
      [true, 5],
    ]);
  });

  it('does not join over an hour between', () => {
    expect(play([5, 7]).map(([continues]) => continues)).toEqual([false, false]);
  });

  it('lasts 24 hours and not one more, in either direction', () => {
    expect(play(upTo(25)).filter(([continues]) => !continues)).toEqual([
      [false, 0],
      [false, 24],
    ]);
    expect(play(upTo(49)).filter(([continues]) => !continues)).toHaveLength(3);
    const backwards = play(upTo(25).toReversed());
    expect(backwards.filter(([continues]) => !continues)).toEqual([
      [false, 24],
      [false, 0],
    ]);
  });

  it('bridges two episodes by joining the earlier one', () => {
    expect(play([3, 5, 4])).toEqual([
      [false, 3],
      [false, 5],
      [true, 3],
    ]);
  });

  it('joins the later one where the earlier is full', () => {
    expect(play([...upTo(24), 25, 24]).slice(-2)).toEqual([
      [false, 25],
      [true, 25],
    ]);
  });

  it('keeps an hour of a full episode in it under another limit', () => {
    expect(play([...upTo(24), 0, 23]).slice(-2)).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });
});
