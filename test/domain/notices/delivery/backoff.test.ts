import { describe, expect, it } from '@jest/globals';
import { BACKOFF, nextAttemptAt, retryDelay } from '../../../../src/domain/notices/delivery/backoff.js';

const ALMOST_ONE = 1 - Number.EPSILON;

describe('retryDelay', () => {
  it.each([
    [1, 30_000],
    [2, 60_000],
    [3, 120_000],
    [5, 480_000],
    [6, 900_000],
    [100, 900_000],
    [5000, 900_000],
  ])('waits at most the bound after attempt %d', (attempts, bound) => {
    expect(retryDelay(attempts, ALMOST_ONE)).toBe(bound);
  });

  it('spreads the waits over the whole range and never retries at once', () => {
    expect(retryDelay(6, 0)).toBe(1_000);
    expect(retryDelay(6, 0.5)).toBe(450_500);
  });
});

describe('nextAttemptAt', () => {
  const first = Date.UTC(2026, 4, 20);

  it('is the wait from now', () => {
    expect(nextAttemptAt({ attempts: 1, firstAttemptAt: first }, first + 5_000, 0)).toBe(first + 6_000);
  });

  it('gives up where the next attempt would come later than 24 h after the first', () => {
    const state = { attempts: 100, firstAttemptAt: first };
    const lastCall = first + BACKOFF.giveUpAfterMs - 1_000;
    expect(nextAttemptAt(state, lastCall, 0)).toBe(first + BACKOFF.giveUpAfterMs);
    expect(nextAttemptAt(state, lastCall + 1, 0)).toBeNull();
  });
});
