import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess, waitUntilGone } from './processes.js';
import { choosePorts } from './ports.js';
import { isInstalled } from './library.js';
import type { Place, Ports, Server } from './server.js';
import { logTail, supervise, type Supervised } from './supervise.js';
import {
  StackError,
  type Part,
  type ProgressEvent,
  type ProgressState,
  type StackOptions,
  type StackPart,
} from './types.js';

/** A slow machine that also unpacks jars for the first time. */
const READY_WITHIN_MS = 90_000;
/** As PostgreSQL and Kafka, the registry (Quarkus) and Node say it. */
const PORT_TAKEN = /address already in use|in use by another process|BindException|EADDRINUSE|already bound/i;
/** Somebody else may take a free port between the look and the bind. */
const PORT_ATTEMPTS = 3;

export interface PartOptions {
  dataDir: string;
  libDir: string;
  ports: 'default' | 'free';
  durable: boolean;
  brokerDetour?: StackOptions['brokerDetour'];
  onProgress(event: ProgressEvent): void;
  /** Called whenever a server has come up or gone. */
  onChange(): void;
  /** Aborted when the stack is given up, also while it comes up. */
  abandon: AbortSignal;
}

/** A server process of this stack, from its first start to its last end. */
export class RunningPart implements StackPart {
  readonly part: Part;
  readonly title: string;
  ports: Ports = {};
  private readonly place: Place;
  private running: Supervised | null = null;
  private stopping = false;

  constructor(
    private readonly server: Server,
    private readonly options: PartOptions,
  ) {
    this.part = server.part;
    this.title = server.title;
    this.place = {
      dir: join(options.dataDir, server.part),
      libDir: options.libDir,
      logFile: join(options.dataDir, 'logs', `${server.part}.log`),
      durable: options.durable,
      brokerDetour: options.brokerDetour,
      abandon: options.abandon,
    };
  }

  get pid(): number | null {
    return this.running?.identity.pid ?? null;
  }

  /** The process now running, for the stack's lock. */
  get process(): Supervised['identity'] | null {
    return this.running?.identity ?? null;
  }

  say(state: ProgressState, text: string): void {
    this.options.onProgress({ part: this.part, title: this.title, state, text });
  }

  /** First start: chooses the ports, creates the state when there is none, waits until the server answers. */
  async bringUp(): Promise<void> {
    const began = performance.now();
    mkdirSync(this.place.dir, { recursive: true });
    await this.choosePorts();
    const { library } = this.server;
    const fetched = library === null || isInstalled(this.place.libDir, library);
    if (fetched) this.say('starting', 'starting');
    else this.say('installing', `downloading (${library.size}, once), then starting`);
    await this.server.prepare(this.place, this.ports);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.start();
        break;
      } catch (error) {
        const clash = PORT_TAKEN.test(logTail(this.place.logFile, 40));
        if (this.options.abandon.aborted || attempt === PORT_ATTEMPTS || !clash) throw error;
        await this.choosePorts();
      }
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.say('ready', `${this.server.describe(this.ports)} (after ${seconds} s)${this.movedFrom()}`);
  }

  async start(): Promise<void> {
    if (this.running !== null) return;
    this.stopping = false;
    const running = await supervise(await this.server.launch(this.place, this.ports));
    if (this.options.abandon.aborted) {
      await running.stop();
      throw new StackError(`${this.title} is not needed any more`);
    }
    this.running = running;
    this.options.onChange();
    void running.exited.then(() => {
      this.gone(running);
    });
    await this.untilItAnswers(running);
    await this.server.afterStart?.(this.ports);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running?.stop();
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const { running } = this;
    if (running === null) return;
    this.stopping = true;
    signalProcess(running.identity.pid, signal);
    if (signal !== 'SIGKILL') return;
    await waitUntilGone(running.identity, 10_000);
    await running.exited;
  }

  private async choosePorts(): Promise<void> {
    const { defaultPorts } = this.server;
    const wanted = this.options.ports === 'free' ? mapToZero(defaultPorts) : defaultPorts;
    this.ports = await choosePorts(wanted);
  }

  private movedFrom(): string {
    if (this.options.ports === 'free') return '';
    const taken = Object.entries(this.server.defaultPorts).filter(
      ([name, port]) => this.ports[name] !== port,
    );
    const list = taken.map(([, port]) => port).join(' and ');
    return taken.length === 0 ? '' : `; port ${list} was taken`;
  }

  private gone(which: Supervised): void {
    if (this.running !== which) return;
    this.running = null;
    if (!this.stopping) this.say('died', `ended unexpectedly; see ${this.place.logFile}`);
    this.options.onChange();
  }

  private async untilItAnswers(running: Supervised): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    const ended = { now: false };
    void running.exited.then(() => {
      ended.now = true;
    });
    while (Date.now() < deadline) {
      if (ended.now) throw this.failure('ended while it started');
      if (await this.server.answers(this.ports).catch(() => false)) return;
      await Promise.race([sleep(100), running.exited]);
    }
    await this.stop();
    throw this.failure(`did not answer within ${READY_WITHIN_MS / 1000} s`);
  }

  private failure(what: string): StackError {
    const { logFile } = this.place;
    return new StackError(`${this.title} ${what}; see ${logFile}:\n${logTail(logFile)}`);
  }
}

function mapToZero(ports: Readonly<Ports>): Ports {
  return Object.fromEntries(Object.keys(ports).map((name) => [name, 0]));
}
