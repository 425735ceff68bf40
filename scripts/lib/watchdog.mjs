/**
 * Runs one server and outlives its parent just long enough to end it: when the channel to the parent
 * closes, for whatever reason (exit, crash, kill -9), the server is stopped. Plain node, so that compiled
 * code and tests start the very same file.
 *
 * argv[2]: JSON {command, args, cwd, uid?, gid?, stopSignal, graceMs}. Standard output and error are inherited.
 * Messages to the parent: {pid} once, then {exit: {code, signal}} or {error: message}.
 */
import { spawn } from 'node:child_process';

const spec = JSON.parse(process.argv[2] ?? '{}');

function tell(message, then = () => {}) {
  if (!process.connected) {
    then();
    return;
  }
  process.send(message, () => then());
}

const server = spawn(spec.command, spec.args, {
  cwd: spec.cwd,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.gid }),
});

let stopping = false;
function stopServer() {
  if (stopping) return;
  stopping = true;
  server.kill(spec.stopSignal);
  setTimeout(() => server.kill('SIGKILL'), spec.graceMs).unref();
}

server.once('spawn', () => tell({ pid: server.pid }));
server.once('error', (error) => tell({ error: error.message }, () => process.exit(127)));
server.once('exit', (code, signal) => tell({ exit: { code, signal } }, () => process.exit(0)));

process.on('disconnect', stopServer);
process.on('message', (message) => {
  if (message === 'stop') stopServer();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopServer);
// The parent may have gone while this file was being loaded.
if (!process.connected) stopServer();
