import { describe, expect, it } from '@jest/globals';
import { FewAtOnce } from '../../../src/roles/mailer/fewAtOnce.js';

describe('a few at once', () => {
  it('begins so many, the others in their order as places come free, whether work resolves or rejects', async () => {
    const few = new FewAtOnce(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((n) =>
      few.run(
        () =>
          new Promise<number>((resolve, reject) => {
            begun.push(n);
            ends.push(n === 0 ? () => reject(new Error('broke')) : () => resolve(n));
          }),
      ),
    );
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    await expect(all[0]).rejects.toThrow('broke');
    expect(begun).toEqual([0, 1, 2]);
    ends[2]?.();
    await expect(all[2]).resolves.toBe(2);
    expect(begun).toEqual([0, 1, 2, 3]);
    ends[1]?.();
    ends[3]?.();
    await expect(Promise.all(all.slice(1))).resolves.toEqual([1, 2, 3]);
  });
});
