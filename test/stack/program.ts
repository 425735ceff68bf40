import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, identify, type ProcessIdentity } from '../../src/stack/processes.js';
import { LIB_DIR } from '../support/stack.js';

const PROGRAM = resolve('test/stack/fixtures/run.mjs');

/** Starts a program that brings up servers of its own; see fixtures/run.mjs. */
export function runProgram(
  dataDir: string,
  parts: string,
  { libDir = LIB_DIR, env = {} }: { libDir?: string; env?: Record<string, string> } = {},
): ChildProcess {
  return spawn(process.execPath, [PROGRAM, dataDir, libDir, parts], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
}

export interface Running {
  program: ChildProcess;
  servers: Record<string, ProcessIdentity>;
  /** The helpers between the program and its servers. */
  watchdogs: ProcessIdentity[];
}

/** Process numbers with those of their parents; read from /proc where there is one, since ps may be missing. */
function allProcesses(): [pid: number, parent: number][] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  }
  return readdirSync('/proc').flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      return [[Number(name), Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1])]];
    } catch {
      return [];
    }
  });
}

function childrenOf(pid: number): ProcessIdentity[] {
  return allProcesses().flatMap(([child, parent]) => {
    const found = parent === pid ? identify(child) : null;
    return found === null ? [] : [found];
  });
}

/** Waits until the program's servers are up. */
export async function untilUp(program: ChildProcess): Promise<Running> {
  let complaint = '';
  program.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  for await (const line of createInterface({ input: program.stdout! })) {
    const { pids } = JSON.parse(line) as { pids: Record<string, number> };
    const servers = Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, identify(pid)!]));
    return { program, servers, watchdogs: childrenOf(program.pid!) };
  }
  throw new Error(`the program ended: ${complaint}`);
}

/** Exit code and what it said, of a program that is to end by itself. */
export async function untilEnded(program: ChildProcess): Promise<{ code: number; said: string }> {
  let said = '';
  program.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(program, 'close')) as [number];
  return { code, said };
}

/** Kills the program without giving it a chance to do anything, and waits until it is gone. */
export async function killHard(program: ChildProcess): Promise<void> {
  const gone = once(program, 'exit');
  program.kill('SIGKILL');
  await gone;
}

/** Those of the processes that still live once they had time to end. */
export async function survivors(
  processes: readonly ProcessIdentity[],
  withinMs = 10_000,
): Promise<ProcessIdentity[]> {
  const deadline = Date.now() + withinMs;
  while (processes.some(isAlive) && Date.now() < deadline) await sleep(50);
  return processes.filter(isAlive);
}
