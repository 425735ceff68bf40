import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chunksToMerge, type ChunkSize } from '../../../src/domain/counting/seenChunks.js';

const sized = (...bytes: number[]): ChunkSize[] => bytes.map((each, seq) => ({ seq, bytes: each }));

describe('which chunks of seen ids are merged', () => {
  it.each([
    ['nothing to merge', [], false, []],
    ['a single chunk', [16], false, []],
    ['too few, while the group grows', [16, 16, 16, 16, 16, 16, 16], false, []],
    ['eight small ones', [16, 16, 16, 16, 16, 16, 16, 16], false, [0, 1, 2, 3, 4, 5, 6, 7]],
    [
      'a large one stays while the small ones are less',
      [1_000, 16, 16, 16, 16, 16, 16, 16, 16],
      false,
      [1, 2, 3, 4, 5, 6, 7, 8],
    ],
    [
      'a large one goes with as much beside it',
      [128, 16, 16, 16, 16, 16, 16, 16, 16],
      false,
      [1, 2, 3, 4, 5, 6, 7, 8, 0],
    ],
    ['a single chunk of a month at rest', [16], true, []],
    ['everything of a month at rest', [5_000, 16], true, [0, 1]],
  ])('%s', (_, bytes, rests, expected) => {
    expect(chunksToMerge(sized(...bytes), rests)).toEqual(expected);
  });

  it('keeps few chunks and writes an id again few times, however the group grows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), { maxLength: 80 }),
        (rounds) => {
          let chunks: ChunkSize[] = [];
          let next = 0;
          let total = 0;
          let written = 0;
          for (const batch of rounds) {
            for (const ids of batch) {
              chunks.push({ seq: next, bytes: ids * 16 });
              next += 1;
              total += ids * 16;
            }
            const seqs = chunksToMerge(chunks, false);
            const merged = chunks.filter(({ seq }) => seqs.includes(seq));
            if (merged.length === 0) continue;
            const bytes = merged.reduce((sum, chunk) => sum + chunk.bytes, 0);
            written += bytes;
            chunks = chunks.filter((chunk) => !merged.includes(chunk));
            chunks.push({ seq: Math.max(...seqs), bytes });
            // What a process remembers as the group's next number stays right.
            expect(Math.max(...chunks.map(({ seq }) => seq))).toBe(next - 1);
            expect(chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)).toBe(total);
          }
          const doublings = Math.log2(Math.max(2, total / 16));
          expect(chunks.length).toBeLessThanOrEqual(8 + doublings);
          expect(written).toBeLessThanOrEqual(total * (1 + doublings));
        },
      ),
    );
  });
});
