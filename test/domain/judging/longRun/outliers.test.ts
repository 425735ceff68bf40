import { describe, expect, it } from '@jest/globals';
import { outliersAmong, outliersOf } from '../../../../src/domain/judging/longRun/outliers.js';
import type { Average } from '../../../../src/domain/judging/longRun/averages.js';
import { averageOf, termsOf } from './terms.js';

/** Five peers whose logarithms lie 0, 1, 1, 2 and 2 steps of ln 2 from the median 8: the MAD is one step. */
const PEERS = [2, 4, 8, 16, 32];
const STEP = Math.LN2;
const MAD_SPREAD = STEP * 1.4826;
const UPPER_SPREAD = (2 * STEP) / 1.6448536269514722;

function population(figures: readonly number[], change: Partial<Average> = {}): Average[] {
  return figures.map((perDay, n) => averageOf(`peer${n}`, perDay, change));
}

function judge(perDay: number, peers: readonly number[], change: Parameters<typeof termsOf>[0] = {}) {
  return outliersAmong([...population(peers), averageOf('a', perDay)], termsOf(change));
}

const ALIKE = [10, 10, 10, 10, 10];
const MANY = Array.from({ length: 30 }, () => 10);

describe('an outlier', () => {
  it('is held against the others of its plan, itself left out', () => {
    const [outlier, ...rest] = judge(1_024, PEERS);
    expect(rest).toEqual([]);
    expect(UPPER_SPREAD).toBeLessThan(MAD_SPREAD);
    expect(outlier).toMatchObject({ accountId: 'a', peers: { count: 5, median: 8 } });
    expect(outlier?.peers.spread).toBeCloseTo(MAD_SPREAD, 12);
    expect(outlier?.score).toBeCloseTo((7 * STEP) / MAD_SPREAD, 12);
  });

  it.each([
    ['at the score', 7 / 1.4826 - 1e-9, 1],
    ['just below it', 7 / 1.4826 + 1e-9, 0],
  ])('needs the score: %s', (_name, score, found) => {
    expect(judge(1_024, PEERS, { score })).toHaveLength(found);
  });

  it.each([
    [49.999, 0],
    [50, 1],
    [50.001, 1],
  ])(
    'needs the multiple of the median, which decides alone where the peers are all alike: %d',
    (perDay, found) => {
      expect(judge(perDay, ALIKE)).toHaveLength(found);
    },
  );

  it('has a boundless score where the peers are all alike', () => {
    expect(judge(50, ALIKE)).toMatchObject([{ score: Infinity, peers: { median: 10, spread: 0 } }]);
    expect(judge(10, ALIKE)).toEqual([]);
  });

  it.each([
    [99.9, 0],
    [100, 1],
  ])('needs the least average of its metric: %d', (perDay, found) => {
    expect(judge(perDay, ALIKE, { metrics: [{ metric: 'chats', minimumAverage: 100 }] })).toHaveLength(found);
    expect(judge(perDay, ALIKE, { metrics: [{ metric: 'sessions', minimumAverage: 1 }] })).toEqual([]);
  });

  it('needs enough others that have any traffic', () => {
    expect(judge(50, ALIKE, { minimumPeers: 5 })).toHaveLength(1);
    expect(judge(50, ALIKE, { minimumPeers: 6 })).toEqual([]);
    expect(judge(50, [...ALIKE.slice(1), 0, 0, 0], { minimumPeers: 5 })).toEqual([]);
    expect(judge(50, [...ALIKE, 0, 0, 0, 0, 0, 0], { minimumPeers: 5 })).toMatchObject([
      { peers: { count: 5, median: 10 } },
    ]);
    expect(outliersAmong([], termsOf({ minimumPeers: 0 }))).toEqual([]);
  });

  it('is judged only on a day that counts, and a peer on any', () => {
    const averages = [
      ...population(MANY, { judged: false }),
      averageOf('a', 50),
      averageOf('b', 50, { judged: false }),
    ];
    expect(outliersAmong(averages, termsOf()).map(({ accountId }) => accountId)).toEqual(['a']);
  });

  it('takes the geometric mean of two in the middle', () => {
    expect(judge(1e9, [1, 2, 4, 9, 100, 100])).toMatchObject([{ peers: { median: 6 } }]);
  });

  it('is not seen in a second kind of customer: what 95 % of the peers have is usual', () => {
    const [some, fewer] = [10, 9].map((others) => [
      ...Array.from({ length: 200 - others }, () => 10),
      ...Array.from({ length: others }, () => 200),
    ]);
    // Ten of 200 others are 5 %: with one more the 95th per cent is one of them.
    expect(judge(200, [...(some ?? []), 200])).toEqual([]);
    expect(judge(200, fewer ?? [])).toHaveLength(10);
    expect(judge(200, fewer ?? [], { usualShare: 99 })).toEqual([]);
    expect(judge(200, [...(some ?? []), 200], { usualShare: 90 })).toHaveLength(12);
  });
});

describe('the outliers of a day', () => {
  const both = termsOf({
    metrics: [
      { metric: 'chats', minimumAverage: 1 },
      { metric: 'sessions', minimumAverage: 1 },
    ],
  });
  const sessions = { metric: 'sessions' } as const;

  it('are found within each plan and metric', () => {
    const averages = [
      ...population(ALIKE),
      ...population([1_000, 1_000, 1_000, 1_000, 1_000], { plan: 'ltd' }),
      averageOf('pro', 500),
      averageOf('ltd', 500, { plan: 'ltd' }),
      averageOf('lone', 9e9, { plan: 'sandbox' }),
    ];
    expect([...outliersOf(averages, termsOf()).keys()]).toEqual(['pro']);
  });

  it.each([
    [640, 100, 'chats'],
    [100, 640, 'sessions'],
    [640, 640, 'chats'],
  ])(
    'are one for each account, by the metric in which it is farthest off: %d chats, %d sessions',
    (chats, other, metric) => {
      const averages = [
        ...population(PEERS),
        ...population(PEERS, sessions),
        averageOf('a', chats),
        averageOf('a', other, sessions),
      ];
      const found = outliersOf(averages, termsOf({ ...both, score: 2.5 }));
      expect([...found].map(([accountId, outlier]) => [accountId, outlier.metric])).toEqual([['a', metric]]);
    },
  );

  it('are compared by the multiple where both metrics have no spread', () => {
    const averages = [
      ...population(ALIKE),
      ...population(ALIKE, sessions),
      averageOf('a', 60),
      averageOf('a', 70, sessions),
    ];
    expect(outliersOf(averages, both).get('a')).toMatchObject({ metric: 'sessions', score: Infinity });
  });
});
