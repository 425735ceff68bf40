import { describe, it, expect } from '@jest/globals';
import { parseInstant } from '../../src/support/instant.js';

describe('parseInstant', () => {
  it.each([
    ['2026-11-23T10:00:00Z', Date.UTC(2026, 10, 23, 10)],
    ['2026-11-23t10:00:00z', Date.UTC(2026, 10, 23, 10)],
    ['2026-11-23T10:00:00.123456Z', Date.UTC(2026, 10, 23, 10, 0, 0, 123)],
    ['2026-11-23T00:30:00+05:45', Date.UTC(2026, 10, 22, 18, 45)],
    ['2026-12-31T23:00:00-02:00', Date.UTC(2027, 0, 1, 1)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ])('%s', (text, expected) => {
    expect(parseInstant(text)).toBe(expected);
  });

  it.each([
    '2026-11-23',
    '2026-11-23T10:00:00',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    '2026-11-23T10:00:00+24:00',
    '2026-11-23T10:00:00.Z',
    'Mon, 23 Nov 2026 10:00:00 GMT',
    '1763892000000',
    '',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeNull();
  });
});
