/** What `npm start` and `npm test` need before anything of the project can run: plain node, no packages. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

function readJson(...path) {
  const file = join(root, ...path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}

/** Compares `20.19` with `20.20.2` number by number. */
function isOlder(version, wanted) {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number));
  for (let i = 0; i < want.length; i += 1) {
    if ((have[i] ?? 0) !== want[i]) return (have[i] ?? 0) < want[i];
  }
  return false;
}

/** Ends the process with one line when Node is too old. */
export function requireNode() {
  const wanted = readJson('package.json').engines.node.replace('>=', '').trim();
  if (isOlder(process.versions.node, wanted)) {
    fail(`Node ${wanted} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`);
  }
}

/** Whether every package of the lock file is in node_modules in its version; optional ones may be missing. */
export function packagesAreInstalled() {
  const locked = readJson('package-lock.json')?.packages ?? {};
  const installed = readJson('node_modules', '.package-lock.json')?.packages;
  if (installed === undefined) return false;
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '' || wanted.link === true) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version;
  });
}

/** Runs `npm ci` when the installed packages are not those of the lock file. */
export function ensurePackages() {
  if (packagesAreInstalled()) return;
  say('Installing packages (npm ci) …');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, all] = npm === undefined ? ['npm', args] : [process.execPath, [npm, ...args]];
  const { status } = spawnSync(command, all, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('npm ci failed: see above.');
}

/** The latest change below a folder, in epoch milliseconds; folders count, so that a removal is a change. */
function latestChange(path) {
  const own = statSync(path, { throwIfNoEntry: false });
  if (own === undefined) return 0;
  const inside = own.isDirectory() ? readdirSync(path).map((name) => latestChange(join(path, name))) : [];
  return Math.max(own.mtimeMs, ...inside);
}

/** Whether a file made by the build is newer than all the sources, both relative to the project. */
export function isNewer(made, sources) {
  const stamp = statSync(join(root, made), { throwIfNoEntry: false });
  return stamp !== undefined && sources.every((name) => latestChange(join(root, name)) < stamp.mtimeMs);
}

/** Compiles into dist/ when a source is newer than the last build. @returns whether dist/ is whole */
export function build() {
  if (isNewer('dist/.built', ['src', 'schemas', 'tsconfig.json', 'tsconfig.build.json'])) return true;
  say('Building …');
  const began = new Date();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', 'tsconfig.build.json'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) return false;
  const stamp = join(root, 'dist', '.built');
  writeFileSync(stamp, '');
  // A source that changed while the compiler ran is newer than this build.
  utimesSync(stamp, began, began);
  return true;
}

/** Like `build`, and ends the process when it fails. */
export function requireBuild() {
  if (!build()) fail('The build failed: see above.');
}
