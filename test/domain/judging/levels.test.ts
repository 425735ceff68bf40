import { describe, expect, it } from '@jest/globals';
import { firstFigureAt, reaches, surpasses } from '../../../src/domain/judging/levels.js';

describe('levels', () => {
  it.each([
    [2_000, 1_599, false, false, false],
    [2_000, 1_600, true, false, false],
    [2_000, 1_999, true, false, false],
    [2_000, 2_000, true, true, false],
    [2_000, 2_001, true, true, true],
    [1, 0, false, false, false],
    [1, 1, true, true, false],
    [3, 2, false, false, false],
    [3, 3, true, true, false],
    [7, 5, false, false, false],
    [7, 6, true, false, false],
    [7, 7, true, true, false],
    [0, 0, true, true, false],
    [10 * 2 ** 30, 8 * 2 ** 30, true, false, false],
    [10 * 2 ** 30, 8 * 2 ** 30 - 1, false, false, false],
  ])('of a limit of %d, %d reaches 80: %s, 100: %s, surpasses: %s', (limit, used, eighty, hundred, over) => {
    expect(reaches(used, limit, 80)).toBe(eighty);
    expect(reaches(used, limit, 100)).toBe(hundred);
    expect(surpasses(used, limit)).toBe(over);
  });

  it('names the smallest figure that reaches a level', () => {
    for (let limit = 0; limit < 500; limit += 1) {
      for (const level of [80, 100]) {
        const first = firstFigureAt(limit, level);
        expect(reaches(first, limit, level)).toBe(true);
        expect(reaches(first - 1, limit, level)).toBe(false);
      }
    }
  });
});
