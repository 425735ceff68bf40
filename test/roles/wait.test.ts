import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { unlessAborted } from '../../src/roles/wait.js';

describe('work that a signal may cut short', () => {
  it('comes to what it comes to, and leaves nothing on a signal that lives on', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is not waited for once the signal is aborted, before or meanwhile', async () => {
    const stopping = new AbortController();
    const never = new Promise<never>(() => undefined);
    const waiting = unlessAborted(never, new AbortController().signal, stopping.signal);
    stopping.abort();
    expect(await waiting).toBeNull();
    expect(await unlessAborted(never, stopping.signal)).toBeNull();
  });
});
