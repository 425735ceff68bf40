import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ExpectedError } from '../../support/expectedError.js';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));
const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;
const STOP_WITHIN_MS = 16_000;

/** The engine as its own process: `serve` with every role. */
export class Engine {
  /** Resolves with a description when the process ends, whatever the reason. */
  readonly ended: Promise<string>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    private readonly logFile: string,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(`the engine ended (${signal ?? `exit code ${code ?? 0}`}): ${this.lastLine()}`);
      });
    });
  }

  /** Starts `serve` and waits until it is ready; its log goes to `<dataDir>/logs/engine.log`. */
  static async start(env: NodeJS.ProcessEnv, port: number, dataDir: string): Promise<Engine> {
    const logs = join(dataDir, 'logs');
    mkdirSync(logs, { recursive: true });
    const logFile = join(logs, 'engine.log');
    const log = openSync(logFile, 'a');
    // The channel tells the engine when this process disappears; a group of its own keeps Ctrl-C for this process.
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: { ...env, HTTP_PORT: String(port) },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    const engine = new Engine(child, `http://127.0.0.1:${port}`, logFile);
    await engine.untilReady();
    return engine;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  private async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadline) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new ExpectedError(await this.ended);
      const ready = await fetch(`${this.url}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await sleep(LOOK_EVERY_MS);
    }
    await this.stop();
    throw new ExpectedError(`the engine was not ready within a minute: see ${this.logFile}`);
  }

  private lastLine(): string {
    const text = readFileSync(this.logFile, 'utf8').trimEnd();
    return text.slice(text.lastIndexOf('\n') + 1).slice(0, 500) || 'it left no word';
  }
}
