import { describe, expect, it } from '@jest/globals';
import {
  foldNotice,
  maySettle,
  type DeliveryState,
  type NoticeState,
} from '../../../../src/domain/notices/delivery/fold.js';

type Given = [DeliveryState['status'], string?][];
type Expected = NoticeState | null;

const states = (deliveries: Given): DeliveryState[] =>
  deliveries.map(([status, reason]) => ({ status, reason: reason ?? null }));

describe('foldNotice', () => {
  it.each<[Given, Expected]>([
    [[['SENT'], ['PENDING']], { status: 'SENT', reason: null }],
    [[['SENT'], ['UNKNOWN'], ['FAILED', '550 no']], { status: 'SENT', reason: null }],
    [[['PENDING'], ['FAILED', '550 no']], null],
    [[['SENDING'], ['UNKNOWN']], null],
    [[['UNKNOWN'], ['FAILED', '550 no']], { status: 'UNKNOWN', reason: 'no-answer' }],
    [[['FAILED', '550 no such user']], { status: 'FAILED', reason: 'refused' }],
    [
      [
        ['FAILED', 'gave-up'],
        ['FAILED', '550 no'],
      ],
      { status: 'FAILED', reason: 'gave-up' },
    ],
    [
      [
        ['FAILED', 'invalid-address'],
        ['FAILED', 'invalid-address'],
      ],
      { status: 'FAILED', reason: 'invalid-address' },
    ],
    [
      [
        ['FAILED', 'invalid-address'],
        ['FAILED', '550 no'],
      ],
      { status: 'FAILED', reason: 'refused' },
    ],
    [[['CANCELLED'], ['CANCELLED']], null],
    [[], { status: 'FAILED', reason: 'no-recipient' }],
  ])('of %j is %j', (deliveries, expected) => {
    expect(foldNotice(states(deliveries))).toEqual(expected);
  });
});

describe('maySettle', () => {
  it('moves what is pending, and lets a late answer correct what was unknown', () => {
    expect(maySettle('PENDING', 'FAILED')).toBe(true);
    expect(maySettle('UNKNOWN', 'SENT')).toBe(true);
    expect(maySettle('UNKNOWN', 'FAILED')).toBe(false);
    expect(maySettle('SENT', 'FAILED')).toBe(false);
    expect(maySettle('CANCELLED', 'SENT')).toBe(false);
    expect(maySettle('SUPPRESSED', 'SENT')).toBe(false);
  });
});
