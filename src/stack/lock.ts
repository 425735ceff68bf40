import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './processes.js';

/** What a lock file says about its holder. */
export interface LockContent {
  owner: ProcessIdentity;
  /** RFC 3339 instant at which it was taken. */
  since: string;
  /** The holder's servers, so that those of a killed holder can be ended. */
  children: (ProcessIdentity & { name: string; stopSignal: NodeJS.Signals })[];
}

export type Acquired =
  | { held: true; lock: Lock; /** What a killed holder left behind. */ stale: LockContent | null }
  | { held: false; by: LockContent };

export interface Lock {
  /** Writes down the servers that run now. */
  record(children: LockContent['children']): void;
  release(): void;
}

const NOBODY: ProcessIdentity = { pid: 0, startedAt: '' };

/** Content of a lock file; null without one. An unreadable one (a crash of the machine) belongs to nobody. */
export function readLock(file: string): LockContent | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  try {
    return JSON.parse(text) as LockContent;
  } catch {
    return { owner: NOBODY, since: '', children: [] };
  }
}

function temporaryName(file: string): string {
  return `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
}

function exists(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

/** Puts a complete file in place unless there is one: nobody ever reads half a lock. */
function create(file: string, content: LockContent): boolean {
  const temporary = temporaryName(file);
  writeFileSync(temporary, JSON.stringify(content));
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (exists(error)) return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Takes a dead holder's file away; two that try at once must not take away each other's new one. */
function removeStale(file: string, stale: LockContent): void {
  const aside = temporaryName(file);
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const taken = readLock(aside);
  if (taken !== null && JSON.stringify(taken.owner) !== JSON.stringify(stale.owner)) {
    try {
      linkSync(aside, file);
    } catch (error) {
      if (!exists(error)) throw error;
    }
  }
  rmSync(aside, { force: true });
}

/** Takes the lock file, from a dead holder too; a living one keeps it. */
export function acquireLock(file: string): Acquired {
  const owner = identify(process.pid) ?? { pid: process.pid, startedAt: '' };
  const content: LockContent = { owner, since: new Date().toISOString(), children: [] };
  mkdirSync(dirname(file), { recursive: true });
  let stale: LockContent | null = null;
  while (!create(file, content)) {
    const found = readLock(file);
    if (found === null) continue;
    if (isAlive(found.owner)) return { held: false, by: found };
    stale = found;
    removeStale(file, found);
  }
  return {
    held: true,
    stale,
    lock: {
      record: (children) => {
        content.children = children;
        const temporary = temporaryName(file);
        writeFileSync(temporary, JSON.stringify(content));
        renameSync(temporary, file);
      },
      release: () => {
        rmSync(file, { force: true });
      },
    },
  };
}
