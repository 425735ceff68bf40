import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { choosePorts } from '../../src/stack/ports.js';
import { until } from './until.js';

const MAIN = resolve('dist/main.js');
/** Node's options in the image. */
const SHIPPED_OPTIONS = shippedOptions(readFileSync('Dockerfile', 'utf8'));
const READY = 'counting from the positions of the database';

export interface EngineSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly roles: readonly string[];
  readonly folder: string;
  /** Further options of Node itself, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

/** One process of the engine, as it is shipped. */
export class Engine {
  private constructor(
    readonly child: ChildProcess,
    readonly spawnedAt: number,
    readonly url: string,
    private readonly logFile: string,
  ) {}

  static async start({ env, roles, folder, nodeOptions = [] }: EngineSettings): Promise<Engine> {
    const { http = 0 } = await choosePorts({ http: 0 });
    const logFile = join(folder, `engine-${http}-${Date.now()}.log`);
    const out = openSync(logFile, 'a');
    const spawnedAt = Date.now();
    const child = spawn(
      process.execPath,
      [...SHIPPED_OPTIONS, ...nodeOptions, MAIN, 'serve', ...roles.flatMap((role) => ['--role', role])],
      {
        env: { ...process.env, NODE_OPTIONS: '', ...env, HTTP_PORT: String(http) },
        stdio: ['ignore', out, out, 'ipc'],
      },
    );
    closeSync(out);
    return new Engine(child, spawnedAt, `http://127.0.0.1:${http}`, logFile);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Fails with the engine's last words when it has ended by itself. */
  assertRunning(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) return;
    throw new Error(`the engine ended:\n${readFileSync(this.logFile, 'utf8').slice(-2_000)}`);
  }

  /** When it began to read its input (epoch ms), by its own log. */
  async readyAt(): Promise<number> {
    return until('the engine reads its input', () => {
      this.assertRunning();
      const line = readFileSync(this.logFile, 'utf8')
        .split('\n')
        .find((text) => text.includes(READY));
      return line === undefined ? null : (JSON.parse(line) as { time: number }).time;
    });
  }

  /** Resolves when every role has what it needs. */
  async ready(): Promise<void> {
    await until('the engine is ready', async () => {
      this.assertRunning();
      return fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}

function shippedOptions(dockerfile: string): string[] {
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
  return command.filter((word) => word.startsWith('--'));
}
