import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../src/roles/mailer/turns.js';

/** Pieces of work that end when they are told to. */
function watched(turns: Turns) {
  const begun: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const run = (n: number): Promise<number | null> =>
    turns.run(
      () =>
        new Promise((resolve, reject) => {
          begun.push(n);
          ends.set(n, (error) => (error === undefined ? resolve(n) : reject(error)));
        }),
    );
  return { begun, run, end: (n: number, error?: Error) => ends.get(n)!(error) };
}

describe('turns', () => {
  it('begin so many, the others in their order as places come free, whether work resolves or rejects', async () => {
    const { begun, run, end } = watched(new Turns(2, 60_000, new AbortController().signal));
    const all = [0, 1, 2, 3].map(run);
    expect(begun).toEqual([0, 1]);
    end(0, new Error('broke'));
    await expect(all[0]).rejects.toThrow('broke');
    expect(begun).toEqual([0, 1, 2]);
    end(2);
    await expect(all[2]).resolves.toBe(2);
    expect(begun).toEqual([0, 1, 2, 3]);
    end(1);
    end(3);
    await expect(Promise.all(all.slice(1))).resolves.toEqual([1, 2, 3]);
  });

  it('that do not come in time are given up, and their places are not lost', async () => {
    const { begun, run, end } = watched(new Turns(1, 30, new AbortController().signal));
    const [first, late] = [run(0), run(1)];
    await expect(late).resolves.toBeNull();
    end(0);
    await expect(first).resolves.toBe(0);
    const next = run(2);
    end(2);
    await expect(next).resolves.toBe(2);
    expect(begun).toEqual([0, 2]);
  });

  it('are not waited for after an end', async () => {
    const end = new AbortController();
    const { begun, run, end: finish } = watched(new Turns(1, 60_000, end.signal));
    const [first, waiting] = [run(0), run(1)];
    end.abort();
    await expect(waiting).resolves.toBeNull();
    await expect(run(2)).resolves.toBeNull();
    finish(0);
    await expect(first).resolves.toBe(0);
    expect(begun).toEqual([0]);
  });
});
