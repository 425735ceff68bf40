import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../src/stack/processes.js';
import { readLock } from '../../src/stack/lock.js';
import { temporaryFolder } from '../support/stack.js';
import { killHard, runProgram, survivors, untilEnded, untilUp, type Running } from './program.js';

// Real servers and JVMs on a machine that may be busy with other things.
jest.setTimeout(90_000);

const PARTS = 'postgres,inbox';

describe('a program with servers of its own', () => {
  let dataDir: string;
  let running: Running[];

  async function start(): Promise<Running> {
    const up = await untilUp(runProgram(dataDir, PARTS));
    running.push(up);
    return up;
  }

  beforeEach(() => {
    dataDir = temporaryFolder();
    running = [];
  });

  afterEach(async () => {
    for (const { program, servers } of running) {
      if (program.exitCode === null && program.signalCode === null) await killHard(program);
      expect(await survivors(Object.values(servers))).toEqual([]);
    }
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('leaves no process behind when it ends by %s', async (signal) => {
    const { program, servers, watchdogs } = await start();
    expect(Object.keys(servers).sort()).toEqual(['inbox', 'postgres']);
    expect(watchdogs).toHaveLength(2);
    program.kill(signal);
    expect(await survivors([...Object.values(servers), ...watchdogs])).toEqual([]);
  });

  it('takes the folder of a killed one over, and ends the servers that still run there', async () => {
    const first = await start();
    // All at once, watchdogs included: nobody is left who could end the servers. The program is stopped
    // first, since it ends a server whose watchdog it sees dying.
    first.program.kill('SIGSTOP');
    for (const { pid } of first.watchdogs) process.kill(pid, 'SIGKILL');
    await killHard(first.program);
    const orphans = Object.values(first.servers);
    expect(orphans.every(isAlive)).toBe(true);
    const second = await start();
    expect(orphans.some(isAlive)).toBe(false);
    const lock = readLock(join(dataDir, 'stack.lock'));
    expect(lock?.owner.pid).toBe(second.program.pid);
    expect(lock?.children.map(({ pid }) => pid).sort()).toEqual(
      Object.values(second.servers)
        .map(({ pid }) => pid)
        .sort(),
    );
  });

  it('refuses a folder that another one uses, in one line, and leaves that one alone', async () => {
    const first = await start();
    const { code, said } = await untilEnded(runProgram(dataDir, PARTS));
    expect(code).toBe(1);
    expect(said).toMatch(
      new RegExp(`^already running in ${dataDir}: process ${first.program.pid!}, since 20\\d\\d-.*\\n$`),
    );
    expect(Object.values(first.servers).every(isAlive)).toBe(true);
  });
});
