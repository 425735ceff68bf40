import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, readLock, type Acquired } from '../../src/stack/lock.js';
import { identify, isAlive, waitUntilGone } from '../../src/stack/processes.js';
import { temporaryFolder } from '../support/stack.js';

describe('the lock of a folder', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder, 'a.lock');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function held(taken: Acquired) {
    if (!taken.held) throw new Error(`held by ${taken.by.owner.pid}`);
    return taken;
  }

  it('is held by one, and free again once released', () => {
    const { lock, stale } = held(acquireLock(file));
    expect(stale).toBeNull();
    const second = acquireLock(file);
    expect(second).toMatchObject({ held: false, by: { owner: identify(process.pid) } });
    lock.release();
    expect(held(acquireLock(file)).stale).toBeNull();
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });

  it('is taken from a holder whose number another process has now', () => {
    const children = [{ name: 'postgres', pid: 7, startedAt: 'then', stopSignal: 'SIGINT' as const }];
    const left = {
      owner: { pid: process.pid, startedAt: 'long ago' },
      since: '2026-01-01T00:00:00Z',
      children,
    };
    writeFileSync(file, JSON.stringify(left));
    expect(held(acquireLock(file)).stale).toEqual(left);
    expect(readLock(file)?.owner).toEqual(identify(process.pid));
  });

  it('is taken from a file that a crash left empty', () => {
    writeFileSync(file, '');
    expect(held(acquireLock(file)).stale?.children).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });

  it('knows a dead process from a living one with its number', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const identity = identify(child.pid!)!;
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, startedAt: `${identity.startedAt}0` })).toBe(false);
    child.kill('SIGKILL');
    expect(await waitUntilGone(identity, 5000)).toBe(true);
    expect(identify(child.pid!)).toBeNull();
  });
});
