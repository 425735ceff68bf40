/** `npm start`: installs and builds what is missing, then becomes `node dist/main.js start`. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages, requireBuild, requireNode, root } from './lib/project.mjs';

requireNode();
process.chdir(root);
ensurePackages();
requireBuild();

/** The parent of a process, 0 when the system does not tell. */
function parentOf(pid) {
  try {
    if (process.platform === 'linux') {
      return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    }
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return 0;
  }
}

function isThere(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm, and the shell that it puts between, may be killed without passing anything on: then this ends like on SIGTERM. */
function endWithNpm() {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const watch = setInterval(() => {
    if (process.ppid === shell && isThere(npm)) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 1000);
  watch.unref();
}

if (process.env.npm_lifecycle_event === 'start') endWithNpm();

// The same process, so that signals, terminal and exit code are the program's own.
const main = join(root, 'dist', 'main.js');
process.argv = [process.execPath, main, 'start', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
