import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify, signalProcess, endProcess, type ProcessIdentity } from './processes.js';
import { StackError } from './types.js';

const WATCHDOG = fileURLToPath(new URL('../../scripts/lib/watchdog.mjs', import.meta.url));
const LOG_LIMIT_BYTES = 8 * 1024 * 1024;
const GRACE_MS = 10_000;

export interface Launch {
  command: string;
  args: readonly string[];
  cwd: string;
  /** Added to this process's environment. */
  env?: Readonly<Record<string, string>>;
  uid?: number;
  gid?: number;
  /** The signal that ends it in an orderly way; default SIGTERM. */
  stopSignal?: NodeJS.Signals;
  logFile: string;
}

interface Exit {
  code: number | null;
  signal: string | null;
}

/** A server that ends when this process does, however that happens. */
export interface Supervised {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
}

type Message = { pid: number } | { exit: Exit } | { error: string };

/** The log grows over many starts: past its limit it makes place for a new one. */
function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

/** The last lines of a log, for an error message. */
export function logTail(file: string, lines = 12): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

function spawnWatchdog(launch: Launch): ChildProcess {
  const log = openLog(launch.logFile);
  const { command, args, cwd, uid, gid, stopSignal = 'SIGTERM' } = launch;
  const spec = JSON.stringify({ command, args, cwd, uid, gid, stopSignal, graceMs: GRACE_MS });
  try {
    // Its own process group: Ctrl-C in the terminal reaches the engine alone, which then stops in order.
    return spawn(process.execPath, [WATCHDOG, spec], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', ...launch.env },
    });
  } finally {
    closeSync(log);
  }
}

/** Resolves to the server's pid, or rejects when it could not be run at all. */
function firstWord(watchdog: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new StackError(`${command} could not be started: ${why}`));
    };
    watchdog.on('message', (message: Message) => {
      if ('pid' in message) resolve(message.pid);
      else if ('error' in message) fail(message.error);
    });
    watchdog.once('error', (error) => {
      fail(error.message);
    });
    watchdog.once('exit', () => {
      fail('its watchdog ended');
    });
  });
}

/**
 * Starts a program under a watchdog of its own.
 * @throws StackError when the program cannot be run
 */
export async function supervise(launch: Launch): Promise<Supervised> {
  const watchdog = spawnWatchdog(launch);
  let exit: Exit = { code: null, signal: null };
  watchdog.on('message', (message: Message) => {
    if ('exit' in message) exit = message.exit;
  });
  const watchdogGone = new Promise<void>((resolve) => {
    watchdog.once('exit', () => {
      resolve();
    });
  });
  const pid = await firstWord(watchdog, launch.command);
  // A program that ended at once leaves no start time behind; nobody can be mistaken for it then.
  const identity = identify(pid) ?? { pid, startedAt: 'ended' };
  const exited = watchdogGone.then(async () => {
    // Only a watchdog that was itself killed leaves its server alive.
    await endProcess(identity, launch.stopSignal ?? 'SIGTERM', GRACE_MS);
    return exit;
  });
  return {
    identity,
    exited,
    stop: async () => {
      if (watchdog.connected) watchdog.send('stop', () => undefined);
      else if (watchdog.pid !== undefined && watchdog.exitCode === null)
        signalProcess(watchdog.pid, 'SIGTERM');
      await exited;
    },
  };
}

/**
 * Runs a program to its end, or ends it when the signal says that nobody waits for it any more.
 * @throws StackError naming the log when it fails
 */
export async function runToEnd(launch: Launch, what: string, abandon: AbortSignal): Promise<void> {
  const running = await supervise(launch);
  const stop = () => void running.stop();
  if (abandon.aborted) stop();
  abandon.addEventListener('abort', stop, { once: true });
  const { code, signal } = await running.exited;
  abandon.removeEventListener('abort', stop);
  if (code === 0) return;
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : signal;
  throw new StackError(`${what} failed (${how}); see ${launch.logFile}:\n${logTail(launch.logFile)}`);
}
