import { describe, expect, it } from '@jest/globals';
import { LagHistory } from '../../../src/roles/watch/lagHistory.js';

/** Samples of [next, high] of two partitions, five seconds apart; the trend after the last. */
function trend(...samples: readonly (readonly [number, number, number, number])[]) {
  const history = new LagHistory();
  let last = { stalledMs: -1, growingMs: -1 };
  for (const [n, [next0, high0, next1, high1]] of samples.entries()) {
    const partitions = [
      { key: 't/0', next: next0, high: high0 },
      { key: 't/1', next: next1, high: high1 },
    ];
    last = history.take(partitions, n * 5_000);
  }
  return last;
}

describe('the trend of the lag', () => {
  it.each([
    [
      'nothing to count',
      [
        [5, 5, 0, 0],
        [5, 5, 0, 0],
      ],
      0,
      0,
    ],
    [
      'all counted as it comes',
      [
        [5, 6, 0, 0],
        [6, 7, 0, 0],
        [7, 8, 0, 0],
      ],
      0,
      10_000,
    ],
    [
      'worked off',
      [
        [0, 90, 0, 0],
        [30, 90, 0, 0],
        [60, 90, 0, 0],
      ],
      0,
      0,
    ],
    [
      'one partition that does not move, the other does',
      [
        [5, 9, 0, 90],
        [5, 9, 40, 90],
        [5, 9, 80, 90],
      ],
      10_000,
      0,
    ],
    [
      'slower than what comes',
      [
        [0, 10, 0, 0],
        [5, 30, 0, 0],
        [9, 50, 0, 0],
        [12, 70, 0, 0],
      ],
      0,
      15_000,
    ],
    [
      'begun again',
      [
        [5, 9, 0, 0],
        [5, 9, 0, 0],
        [9, 9, 0, 0],
        [9, 12, 0, 0],
      ],
      5_000,
      5_000,
    ],
    [
      'a log that was replaced by a shorter one',
      [
        [9, 9, 0, 0],
        [9, 2, 0, 0],
        [9, 3, 0, 0],
      ],
      0,
      0,
    ],
  ] as const)('%s', (_, samples, stalledMs, growingMs) => {
    expect(trend(...samples)).toEqual({ stalledMs, growingMs });
  });
});
