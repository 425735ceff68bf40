import { describe, expect, it } from '@jest/globals';
import { FetchedRecords, SharedBytes } from '../../../src/kafka/consumer/fetchedRecords.js';

/** Records of a log that was compacted: offsets 10, 13, 16, …; every third without a key, every fourth without a value. */
function compacted(count: number): FetchedRecords {
  const records = new FetchedRecords(Buffer.from('k0v0k1v1k2v2k3v3k4v4k5v5k6v6k7v7'), count);
  for (let n = 0; n < count; n += 1) {
    const at = n * 4;
    const [key, value] = [n % 3 === 0 ? -1 : at, n % 4 === 0 ? -1 : at + 2];
    records.add(10 + n * 3, 1_000 + n, key, at + 2, value, at + 4);
  }
  return records;
}

describe('a part of the records of a fetch', () => {
  it.each([
    [0, 8],
    [0, 3],
    [3, 8],
    [2, 5],
    [4, 4],
  ])('has those from the %s-th to before the %s-th, as they were', (first, end) => {
    const all = compacted(8);
    const part = all.slice(first, end);
    expect(part.count).toBe(end - first);
    expect(Array.from({ length: part.count }, (_, n) => part.at(n))).toEqual(
      Array.from({ length: end - first }, (_, n) => all.at(first + n)),
    );
    expect(() => part.at(part.count)).toThrow(RangeError);
  });

  it('is found by offsets, and shares the bytes', () => {
    const all = compacted(8);
    const part = all.slice(2, 6);
    expect([0, 16, 17, 25, 26].map((offset) => part.firstFrom(offset))).toEqual([0, 0, 1, 3, 4]);
    expect(part.bytes).toBe(all.bytes);
    expect([part.valueStart(3), part.valueEnd(3)]).toEqual([all.valueStart(5), all.valueEnd(5)]);
  });

  it('leaves the whole as it was', () => {
    const all = compacted(8);
    all.slice(2, 4).add(99, 0, -1, -1, -1, -1);
    expect(all.at(4)).toEqual(compacted(8).at(4));
  });
});

describe('the records of a fetch that were given back', () => {
  it('are not there any more', () => {
    const records = compacted(8);
    records.giveBack();
    expect(records.count).toBe(0);
    expect(records.firstFrom(0)).toBe(0);
    expect(() => records.at(0)).toThrow(RangeError);
  });

  it('leave the bytes to those that share them, until the last are given back', () => {
    const bytes = Buffer.from(new ArrayBuffer(64));
    const shared = new SharedBytes(bytes);
    const [one, other] = [new FetchedRecords(bytes, 1), new FetchedRecords(bytes, 1)];
    for (const records of [one, other]) {
      records.add(7, 1_000, -1, -1, 4, 8);
      records.in(shared);
    }
    one.giveBack();
    one.giveBack();
    expect(other.value(0)).toEqual(bytes.subarray(4, 8));
    expect(bytes).toHaveLength(64);
    other.giveBack();
    // Node 20 cannot give memory back.
    expect(bytes).toHaveLength('transfer' in ArrayBuffer.prototype ? 0 : 64);
  });
});
