import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignCoPartitioned } from '../../../src/kafka/consumer/coPartition.js';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('co-partitioned assignment', () => {
  it.each([
    [2, [4, 4]],
    [3, [3, 3, 2]],
    [9, [1, 1, 1, 1, 1, 1, 1, 1, 0]],
  ])('gives %d members of eight partitions %j each', (members, shares) => {
    const names = upTo(members).map((n) => `member-${n}`);
    const assigned = assignCoPartitioned(
      names,
      new Map([
        ['accounts', upTo(8)],
        ['chats', upTo(8)],
      ]),
    );
    expect(names.map((name) => assigned.get(name)?.['chats']?.length ?? 0)).toEqual(shares);
    expect(names.map((name) => assigned.get(name)?.['accounts'] ?? [])).toEqual(
      names.map((name) => assigned.get(name)?.['chats'] ?? []),
    );
  });

  it('gives every partition to one member, whatever their number and order, and partition i to the same', () => {
    const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 7 });
    const topics = fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(members, topics, (names, counts) => {
        const partitions = new Map(counts.map((count, n) => [`t${n}`, upTo(count).toReversed()]));
        const assigned = assignCoPartitioned(names, partitions);
        expect(assigned).toEqual(assignCoPartitioned(names.toReversed(), partitions));
        const ownerOf = new Map<number, string>();
        for (const [topic, numbers] of partitions) {
          const given = [...assigned].flatMap(([member, assignment]) =>
            (assignment[topic] ?? []).map((partition) => ({ member, partition })),
          );
          expect(given.map(({ partition }) => partition).sort((a, b) => a - b)).toEqual(numbers.toReversed());
          for (const { member, partition } of given) {
            expect(ownerOf.get(partition) ?? member).toBe(member);
            ownerOf.set(partition, member);
          }
        }
      }),
    );
  });
});
