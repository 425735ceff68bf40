import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BUILT = resolve('dist/main.js');
const alive = new Set<ChildProcess>();
// Whatever ends this process: a stopped child would not notice that its parent is gone.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Launch {
  readonly name: string;
  readonly roles: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  /** The program; another build than ours for mutants and rolling deploys. */
  readonly main?: string | undefined;
  /** The Node that runs it; another version than ours for a group in which two run. */
  readonly node?: string | undefined;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One `node dist/main.js serve` of some roles. */
export class Engine {
  readonly ended: Promise<End>;
  /** Null while it runs. */
  end: End | null = null;
  paused = false;
  private readonly child: ChildProcess;
  private readonly file: string;

  constructor(readonly launch: Launch) {
    const { name, roles, env, folder, main = BUILT, node = process.execPath } = launch;
    this.file = join(folder, `${name}.log`);
    const out = openSync(this.file, 'a');
    const args = [main, 'serve', ...roles.flatMap((role) => ['--role', role])];
    // The channel ends with this process, and the engine with the channel.
    this.child = spawn(node, args, { env, stdio: ['ignore', out, out, 'ipc'] });
    closeSync(out);
    alive.add(this.child);
    this.ended = once(this.child, 'exit').then(([code, signal]) => {
      alive.delete(this.child);
      return (this.end = { code: code as number | null, signal: signal as NodeJS.Signals | null });
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  log(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** Its last words, for a report. */
  lastLines(count = 3): string {
    return this.log().trimEnd().split('\n').slice(-count).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.end !== null) return;
    if (signal === 'SIGSTOP') this.paused = true;
    if (signal === 'SIGCONT') this.paused = false;
    this.child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<End> {
    this.signal(signal);
    if (signal === 'SIGTERM' && this.paused) this.signal('SIGCONT');
    return this.ended;
  }
}

/** Whether the process has come as far as running its roles. */
export function isRunning(engine: Engine): boolean {
  return engine.log().includes('"msg":"running"');
}

/** What `/readyz` says. */
export async function isReady(engine: Engine): Promise<boolean> {
  const url = /"http":"([^"]+)"/.exec(engine.log())?.[1];
  if (url === undefined) return false;
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer?.ok === true;
}
