/** `npm start`: installs and builds what is missing, then becomes `node dist/main.js start`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages, requireBuild, requireNode, root } from './lib/project.mjs';

requireNode();
process.chdir(root);
ensurePackages();
requireBuild();

// npm may be killed without passing anything on: then this process ends like on SIGTERM.
if (process.env.npm_lifecycle_event === 'start') {
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 1000);
  watch.unref();
}

// The same process, so that signals, terminal and exit code are the program's own.
const main = join(root, 'dist', 'main.js');
process.argv = [process.execPath, main, 'start', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
