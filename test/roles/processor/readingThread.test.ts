import { describe, expect, it } from '@jest/globals';
import { ReadingThread, type ReadingHandlers } from '../../../src/roles/processor/readingThread.js';

const SETTINGS = {
  kafka: { brokers: [], ssl: false, sasl: null },
  registryUrl: '',
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  shiftMs: 0,
  logLevel: 'silent',
};
const nothing = (): void => undefined;

function threadOf(code: string, fatal: Error[]): ReadingThread {
  const handlers: ReadingHandlers = {
    ...{ onAssigned: nothing, onIntake: nothing, onRuns: nothing, onGap: nothing },
    ...{ onTrouble: nothing, onCrash: nothing },
    onFatal: (error) => {
      fatal.push(error);
    },
  };
  return new ReadingThread(SETTINGS, handlers, new URL(`data:text/javascript,${encodeURIComponent(code)}`));
}

describe('the thread that reads', () => {
  it('is stopped when it has ended by itself, which is told', async () => {
    const fatal: Error[] = [];
    const thread = threadOf('', fatal);
    await expect(thread.join()).rejects.toThrow('has ended');
    expect(fatal.map(({ message }) => message)).toEqual(['the thread that reads the input has ended']);
    expect(await thread.stop()).toBe(false);
  });

  it('is stopped when it broke, which is told', async () => {
    const fatal: Error[] = [];
    const thread = threadOf('throw new Error("broken")', fatal);
    await expect(thread.join()).rejects.toThrow('broken');
    expect(await thread.stop()).toBe(false);
    expect(fatal.map(({ message }) => message)).toEqual([expect.stringContaining('broken')]);
  });

  it('is stopped while it breaks, which nobody needs to know then', async () => {
    const fatal: Error[] = [];
    const thread = threadOf('throw new Error("broken")', fatal);
    const joining = thread.join();
    expect(await thread.stop()).toBe(false);
    await joining;
    expect(fatal).toEqual([]);
  });

  it('does not begin any more when it was stopped before', async () => {
    const fatal: Error[] = [];
    const thread = threadOf('throw new Error("begun")', fatal);
    expect(await thread.stop()).toBe(false);
    await thread.join();
    expect(await thread.stop()).toBe(false);
    expect(fatal).toEqual([]);
  });
});
