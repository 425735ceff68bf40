import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeSlots, encodeSlots } from '../../../src/postgres/counting/slots.js';

const QUIET = new Array<number>(60).fill(0);

describe('slots as bytes', () => {
  it('come back as they were, up to 2^53 - 1', () => {
    const count = fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
      { weight: 2, arbitrary: fc.maxSafeNat() },
      { weight: 1, arbitrary: fc.constantFrom(127, 128, 2 ** 31, 2 ** 32, 2 ** 50, Number.MAX_SAFE_INTEGER) },
    );
    for (const length of [60, 96]) {
      fc.assert(
        fc.property(fc.array(count, { minLength: length, maxLength: length }), (slots) => {
          expect(decodeSlots(encodeSlots(slots), length)).toEqual(slots);
        }),
      );
    }
  });

  it('take no byte when all are zero, and say when bytes are missing', () => {
    expect(encodeSlots(QUIET)).toHaveLength(0);
    const bytes = encodeSlots(QUIET.with(5, 1_000));
    expect(() => decodeSlots(bytes.subarray(0, -1), 60)).toThrow(RangeError);
  });
});
