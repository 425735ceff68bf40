import { Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/commands/program.js';

export interface CliRun {
  /** What it wrote so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Promise<number>;
  interrupt(): void;
}

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Runs the command line in this process. */
export function cli(args: readonly string[], env: NodeJS.ProcessEnv = {}, stdin = ''): CliRun {
  const controller = new AbortController();
  const stdout = new Kept();
  const stderr = new Kept();
  const exit = runProgram(args, {
    env,
    stdout,
    stderr,
    stdin: Readable.from([Buffer.from(stdin)]),
    interruption: () => controller.signal,
  });
  return {
    exit,
    interrupt: () => {
      controller.abort();
    },
    get stdout() {
      return stdout.text;
    },
    get stderr() {
      return stderr.text;
    },
  };
}

/** Resolves when the condition holds; fails with `what` after 20 s. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const until = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > until) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
