import { describe, expect, it } from '@jest/globals';
import { Progress } from '../../src/roles/progress.js';
import { until } from '../support/until.js';

const LIMIT_MS = 60;

describe('whether a loop gets on', () => {
  it('is no question while it has nothing to do', async () => {
    const progress = new Progress('it', LIMIT_MS);
    expect(progress.problem()).toBeNull();
    await progress.during(Promise.resolve());
    const passed = performance.now() + 2 * LIMIT_MS;
    await until(() => performance.now() > passed);
    expect(progress.problem()).toBeNull();
  });

  it('is denied once a step takes too long, until one is made or nothing is left', async () => {
    const progress = new Progress('it', LIMIT_MS);
    let finish: (value: number) => void = () => undefined;
    const work = progress.during(new Promise<number>((resolve) => (finish = resolve)));
    expect(progress.problem()).toBeNull();
    await until(() => progress.problem() !== null);
    expect(progress.problem()).toMatch(/^it has work and has not moved for \d+ s$/);
    progress.moved();
    expect(progress.problem()).toBeNull();
    await until(() => progress.problem() !== null);
    finish(7);
    expect(await work).toBe(7);
    expect(progress.problem()).toBeNull();
  });

  it('is not made good by work that fails', async () => {
    const progress = new Progress('it', LIMIT_MS);
    const hung = progress.during(new Promise(() => undefined));
    await expect(progress.during(Promise.reject(new Error('no')))).rejects.toThrow('no');
    await until(() => progress.problem() !== null);
    expect(hung).toBeInstanceOf(Promise);
  });
});
