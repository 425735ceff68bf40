import { describe, expect, it } from '@jest/globals';
import { Together } from '../../../src/roles/mailer/together.js';

interface Item {
  readonly accountId: string;
  readonly n: number;
}
const item = (n: number, accountId = `account-${n}`): Item => ({ accountId, n });

/** Work that waits to be ended, piece by piece. */
function watched(bounds: { atOnce: number; most: number }) {
  const pieces: number[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const together = new Together<Item, number>(
    (items) =>
      new Promise((resolve, reject) => {
        pieces.push(items.map(({ n }) => n));
        ends.push((error) => {
          if (error === undefined) resolve(new Map(items.map(({ accountId, n }) => [accountId, n * 10])));
          else reject(error);
        });
      }),
    bounds,
  );
  const ended = async (piece: number, error?: Error): Promise<void> => {
    ends[piece]!(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { together, pieces, ended };
}

describe('work done together', () => {
  it('begins at once when a place is free; what comes meanwhile goes together, in its order', async () => {
    const { together, pieces, ended } = watched({ atOnce: 2, most: 3 });
    const results = [1, 2, 3, 4, 5, 6].map((n) => together.run(item(n)));
    expect(pieces).toEqual([[1], [2]]);
    await ended(1);
    expect(pieces).toEqual([[1], [2], [3, 4, 5]]);
    await ended(0);
    expect(pieces).toEqual([[1], [2], [3, 4, 5], [6]]);
    await ended(2);
    await ended(3);
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('has one item of each account in a piece; a second one goes with the next', async () => {
    const { together, pieces, ended } = watched({ atOnce: 1, most: 10 });
    const results = [item(1), item(2, 'a'), item(3, 'a'), item(4, 'b')].map((one) => together.run(one));
    await ended(0);
    expect(pieces).toEqual([[1], [2, 4]]);
    await ended(1);
    expect(pieces[2]).toEqual([3]);
    await ended(2);
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40]);
  });

  it('is done one by one when a piece fails, so that one at fault fails alone', async () => {
    const { together, pieces, ended } = watched({ atOnce: 1, most: 10 });
    const results = Promise.allSettled([1, 2, 3, 4].map((n) => together.run(item(n))));
    await ended(0);
    await ended(1, new Error('one of them'));
    await ended(2);
    await ended(3, new Error('this one'));
    await ended(4);
    expect(pieces).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
    expect(
      (await results).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))),
    ).toEqual([10, 20, 'Error: this one', 40]);
  });

  it('fails whole in an outage, and goes on with what comes', async () => {
    const { together, pieces, ended } = watched({ atOnce: 1, most: 10 });
    const results = Promise.allSettled([1, 2, 3].map((n) => together.run(item(n))));
    await ended(0);
    await ended(1, Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const next = together.run(item(4));
    await ended(2);
    expect(await next).toBe(40);
    expect(pieces).toEqual([[1], [2, 3], [4]]);
  });
});
