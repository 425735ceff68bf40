import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, type Lock } from './lock.js';
import { endProcess } from './processes.js';
import { StackError } from './types.js';

const GRACE_MS = 10_000;
const LOCK_FILE = 'stack.lock';

function since(instant: string): string {
  const time = new Date(instant);
  return Number.isNaN(time.getTime()) ? instant : time.toLocaleString('sv-SE', { timeZoneName: 'short' });
}

/**
 * Takes the folder for one stack, and ends what a killed run left running in it.
 * @throws StackError when another run has it
 */
export async function takeFolder(dataDir: string): Promise<Lock> {
  const taken = acquireLock(join(dataDir, LOCK_FILE));
  if (!taken.held) {
    const { owner, since: instant } = taken.by;
    throw new StackError(
      `already running in ${dataDir}: process ${owner.pid}, since ${since(instant)}. ` +
        'Use that one, or end it first (Ctrl-C there).',
    );
  }
  const orphans = taken.stale?.children ?? [];
  await Promise.all(orphans.map((orphan) => endProcess(orphan, orphan.stopSignal, GRACE_MS)));
  return taken.lock;
}

/** Removes everything in the folder but the lock and the downloaded servers; the lock must be held. */
export function emptyFolder(dataDir: string, libDir: string): void {
  for (const entry of readdirSync(dataDir)) {
    const path = join(dataDir, entry);
    if (entry !== LOCK_FILE && path !== libDir) rmSync(path, { recursive: true, force: true });
  }
}
