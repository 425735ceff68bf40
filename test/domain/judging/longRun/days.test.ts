import { describe, expect, it } from '@jest/globals';
import {
  DAY_MS,
  dayOf,
  daysToJudge,
  daysToSum,
  newestDay,
  windowOfDay,
} from '../../../../src/domain/judging/longRun/days.js';
import type { Metric } from '../../../../src/domain/policy/policy.js';

const TODAY = 20_000;
const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];
const read = (upTo: number, tickets = upTo) =>
  new Map(METRICS.map((metric) => [metric, metric === 'tickets' ? tickets : upTo]));

describe('the newest day to be judged', () => {
  it.each([
    ['the day is over and read', TODAY, TODAY, TODAY - 1],
    ['one instant short of being over', TODAY - 1 / DAY_MS, TODAY, TODAY - 2],
    ['one instant short of being read', TODAY, TODAY - 1 / DAY_MS, TODAY - 2],
    ['in the middle of the next', TODAY + 0.9, TODAY + 0.9, TODAY - 1],
    ['behind by days', TODAY, TODAY - 3.5, TODAY - 5],
  ])('%s', (_name, now, upTo, day) => {
    expect(newestDay(read(upTo * DAY_MS), now * DAY_MS)).toBe(day);
    expect(newestDay(read(now * DAY_MS, upTo * DAY_MS), now * DAY_MS)).toBe(day);
  });

  it('is not known while nothing is known to be read', () => {
    expect(newestDay(read(TODAY * DAY_MS, -Infinity), TODAY * DAY_MS)).toBeNull();
    expect(newestDay(new Map(), TODAY * DAY_MS)).toBeNull();
  });

  it('is a UTC day', () => {
    const { start, end } = windowOfDay(dayOf(Date.UTC(2026, 1, 28, 23, 59)));
    expect([start, end]).toEqual([Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1)]);
  });
});

describe('the days to be judged', () => {
  it.each<[string, number | null, number[]]>([
    ['the first time', null, [100]],
    ['the next day', 99, [100]],
    ['judged already', 100, []],
    ['a clock that went back', 140, []],
    ['missed days', 96, [97, 98, 99, 100]],
    ['as long ago as the period', 93, [94, 95, 96, 97, 98, 99, 100]],
    ['longer ago', 20, [94, 95, 96, 97, 98, 99, 100]],
  ])('%s', (_name, last, days) => {
    expect(daysToJudge(last, 100, 7)).toEqual(days);
  });
});

describe('the days to be summed', () => {
  const days = Array.from({ length: 40 }, (_, n) => 61 + n);
  it('are all of the period the first time', () => {
    expect(daysToSum(new Set(), 100, 40)).toEqual(days);
  });

  it('are the new one, and those whose late events have come', () => {
    expect(daysToSum(new Set(days.slice(0, -1)), 100, 40)).toEqual([65, 93, 99, 100]);
    expect(daysToSum(new Set(days.slice(0, -1)), 100, 20)).toEqual([93, 99, 100]);
  });
});
