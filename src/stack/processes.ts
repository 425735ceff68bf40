import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Start time as the system tells it; opaque. */
  startedAt: string;
}

/** State and start time of a Linux process. The command, in brackets, may itself contain spaces and brackets. */
function fromProc(pid: number): { state: string; startedAt: string } | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startedAt = fields[19];
  return state === undefined || startedAt === undefined ? null : { state, startedAt };
}

function fromPs(pid: number): { state: string; startedAt: string } | null {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const state = line.split(/\s+/, 1)[0] ?? '';
    return state === '' ? null : { state, startedAt: line.slice(state.length).trim() };
  } catch {
    return null;
  }
}

/** Who is behind a process id now; null when nobody is. Zombies are dead. */
export function identify(pid: number): ProcessIdentity | null {
  const found = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return found === null || /^[ZX]/.test(found.state) ? null : { pid, startedAt: found.startedAt };
}

/** Whether exactly this process, not another with its number, still lives. */
export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startedAt === process.startedAt;
}

/** The command line of a process; empty when it cannot be read. */
export function commandLineOf(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Sends a signal; a process that is already gone is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the process is gone. @returns false when it still lives after `timeoutMs`. */
export async function waitUntilGone(process: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(process)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Ends a process: the given signal first, SIGKILL after `graceMs`. */
export async function endProcess(
  process: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  if (!isAlive(process)) return;
  signalProcess(process.pid, signal);
  if (await waitUntilGone(process, graceMs)) return;
  signalProcess(process.pid, 'SIGKILL');
  await waitUntilGone(process, graceMs);
}
