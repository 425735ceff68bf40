#!/usr/bin/env node
import { keepCompiledCode } from './support/compileCache.js';

const EXIT_INTERRUPTED = 130;

/** The first Ctrl-C ends the command in order, a second one at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
      controller.abort();
    });
  }
  return controller.signal;
}

keepCompiledCode();
const { runProgram } = await import('./commands/program.js');

// Connections that a client keeps trying to open must not keep a finished command alive.
process.exit(
  await runProgram(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interruption,
  }),
);
