import { describe, expect, it } from '@jest/globals';
import { strikesAt } from '../../../src/domain/judging/strikes.js';

describe('the strikes that stand', () => {
  const of = (at: number, until: number) => ({
    rule: 'chats-per-hour' as const,
    workspaceId: '',
    windowStart: at,
    at,
    until,
  });

  it.each([
    [99, 0],
    [100, 1],
    [149, 1],
    [150, 2],
    [199, 2],
    [200, 1],
    [250, 0],
  ])('at %i are %i', (instant, expected) => {
    expect(strikesAt([of(100, 200), of(150, 250)], instant)).toBe(expected);
  });
});
