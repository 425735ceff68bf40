import { describe, expect, it } from '@jest/globals';
import { isStale } from '../../../src/domain/notices/staleness.js';

const DAY = 86_400_000;
const window = { start: 0, end: 1_000 };

describe('stale notices', () => {
  it.each([
    ['month' as const, 999, false],
    ['month' as const, 1_000, true],
    ['year' as const, 999, false],
    ['year' as const, 1_000, true],
    ['hour' as const, 1_000 + DAY - 1, false],
    ['hour' as const, 1_000 + DAY, true],
  ])('of a %s at %d: %s', (kind, now, stale) => {
    expect(isStale(kind, window, now)).toBe(stale);
  });
});
