import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeSlots, encodeSlots } from '../../../src/postgres/counting/slots.js';

describe('slots as bytes', () => {
  it('come back as they were, up to 2^53 - 1', () => {
    const count = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
      { weight: 2, arbitrary: fc.maxSafeNat().filter((n) => n > 0) },
      { weight: 1, arbitrary: fc.constantFrom(127, 128, 2 ** 31, 2 ** 32, 2 ** 50, Number.MAX_SAFE_INTEGER) },
    );
    const slot = fc.integer({ min: 0, max: 95 });
    const used = fc.uniqueArray(fc.tuple(slot, count), { selector: ([at]) => at, maxLength: 96 });
    fc.assert(
      fc.property(used, (unordered) => {
        const pairs = unordered.sort(([one], [other]) => one - other).flat();
        expect(decodeSlots(encodeSlots(pairs))).toEqual(pairs);
      }),
    );
  });

  it('take no byte when all are zero, and say when bytes are missing', () => {
    expect(encodeSlots([])).toHaveLength(0);
    const bytes = encodeSlots([5, 1_000]);
    expect(() => decodeSlots(bytes.subarray(0, -1))).toThrow(RangeError);
  });
});
