import { describe, expect, it } from '@jest/globals';
import { extraFileSize, extraFor, type Allowance } from '../../../src/domain/accounts/allowance.js';

const WINDOW = { start: 1_000, end: 2_000 };

function allowance(change: Partial<Allowance>): Allowance {
  return {
    id: 'x',
    rule: 'chats-per-hour',
    extra: 10,
    from: 1_200,
    to: 1_300,
    reason: 'campaign',
    grantedAt: 0,
    withdrawnAt: null,
    ...change,
  };
}

describe('what is agreed beyond a limit', () => {
  it.each([
    ['inside the window', { from: 1_200, to: 1_300 }, 10],
    ['around it', { from: 0, to: 9_000 }, 10],
    ['its last instant', { from: 1_999, to: 9_000 }, 10],
    ['from its end on', { from: 2_000, to: 9_000 }, 0],
    ['its first instant', { from: 0, to: 1_001 }, 10],
    ['until its start', { from: 0, to: 1_000 }, 0],
    ['another rule', { rule: 'tickets-per-month' as const }, 0],
    ['granted in its last instant', { grantedAt: 1_999 }, 10],
    ['granted at its end', { grantedAt: 2_000 }, 0],
    ['withdrawn in its last instant', { withdrawnAt: 1_999 }, 0],
    ['withdrawn at its end', { withdrawnAt: 2_000 }, 10],
  ])('%s', (_, change, extra) => {
    expect(extraFor([allowance(change)], 'chats-per-hour', WINDOW)).toBe(extra);
  });

  it('adds up', () => {
    const agreed = [allowance({}), allowance({ extra: 5 }), allowance({ extra: 7, from: 3_000, to: 4_000 })];
    expect(extraFor(agreed, 'chats-per-hour', WINDOW)).toBe(15);
  });
});

describe('what is agreed beyond the size of a file', () => {
  it.each([
    ['uploaded at its start', {}, 1_200, 1_500, 10],
    ['uploaded just before it', {}, 1_199, 1_500, 0],
    ['uploaded in its last instant', {}, 1_299, 1_500, 10],
    ['uploaded at its end', {}, 1_300, 1_500, 0],
    ['arrived before it was granted', { grantedAt: 1_501 }, 1_250, 1_500, 0],
    ['arrived as it was granted', { grantedAt: 1_500 }, 1_250, 1_500, 10],
    ['arrived after it was withdrawn', { withdrawnAt: 1_499 }, 1_250, 1_500, 0],
    ['another rule', { rule: 'upload-bytes-per-year' as const }, 1_250, 1_500, 0],
  ])('%s', (_, change, occurredAt, arrivedAt, extra) => {
    expect(extraFileSize([allowance({ rule: 'file-size', ...change })], occurredAt, arrivedAt)).toBe(extra);
  });
});
