import { describe, expect, it } from '@jest/globals';
import { hourOf } from '../../../src/domain/windows/window.js';

const HOUR = 3_600_000;

describe('the UTC clock hour', () => {
  it.each([
    [0, 0],
    [HOUR - 1, 0],
    [HOUR, HOUR],
    [-1, -HOUR],
    [-HOUR, -HOUR],
    [Date.UTC(2024, 1, 29, 23, 59, 59, 999), Date.UTC(2024, 1, 29, 23)],
    [Date.UTC(2024, 2, 1), Date.UTC(2024, 2, 1)],
  ])('of %i begins at %i', (instant, start) => {
    expect(hourOf(instant)).toEqual({ start, end: start + HOUR });
  });
});
