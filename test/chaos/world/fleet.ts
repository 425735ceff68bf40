import type { Random } from '../../../src/simulation/platform/random.js';
import { Engine, type End, type Launch } from './engine.js';

interface Slot {
  readonly name: string;
  readonly roles: readonly string[];
  engine: Engine | null;
  /** An end that somebody brought about; any other one is a finding. */
  expected: boolean;
}

export interface FleetOptions {
  readonly folder: string;
  readonly env: (slot: string) => NodeJS.ProcessEnv;
  readonly main?: string | undefined;
  /** Runs every second process that is started, so that a process's next life may be of another version. */
  readonly otherNode?: string | undefined;
  /** A process ended that nobody ended: told once, with its last words. */
  readonly onUnexpected: (what: string) => void;
}

/** The engine's processes as an orchestrator keeps them: whoever dies is started again. */
export class Fleet {
  private readonly slots = new Map<string, Slot>();
  private starts = 0;
  /** Processes that were ended by SIGKILL, from outside or at a failpoint. */
  kills = 0;
  /** The program of processes started from now on; undefined: this build. */
  main: string | undefined;
  private closed = false;

  constructor(private readonly options: FleetOptions) {
    this.main = options.main;
  }

  get running(): Engine[] {
    return [...this.slots.values()].flatMap(({ engine }) => (engine?.end === null ? [engine] : []));
  }

  names(role?: string): string[] {
    const slots = [...this.slots.values()];
    return slots.filter(({ roles }) => role === undefined || roles.includes(role)).map(({ name }) => name);
  }

  engine(name: string): Engine | null {
    return this.slots.get(name)?.engine ?? null;
  }

  /** Adds a process and starts it; `env` holds for this first life only. */
  add(name: string, roles: readonly string[], env: NodeJS.ProcessEnv = {}): Engine {
    const slot: Slot = { name, roles, engine: null, expected: false };
    this.slots.set(name, slot);
    return this.launch(slot, env);
  }

  /** Ends a process for good. */
  async remove(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<End | null> {
    const slot = this.slots.get(name);
    this.slots.delete(name);
    if (slot?.engine === null || slot === undefined) return null;
    slot.expected = true;
    return slot.engine.kill(signal);
  }

  /** Ends a process; it is started again with `env` for its next life. */
  async restart(name: string, signal: NodeJS.Signals, env: NodeJS.ProcessEnv = {}): Promise<End | null> {
    const slot = this.slots.get(name);
    if (slot?.engine === undefined || slot.engine === null) return null;
    slot.expected = true;
    const { engine } = slot;
    const end = await engine.kill(signal);
    // Somebody else may have started it again meanwhile.
    if (!this.closed && this.slots.get(name) === slot && slot.engine === engine) this.launch(slot, env);
    return end;
  }

  /** As many processes with this role alone as asked for; those too many get SIGTERM or SIGKILL. */
  async scale(role: string, count: number, random: Random): Promise<void> {
    const alone = (): string[] =>
      [...this.slots.values()].filter(({ roles }) => roles.join() === role).map(({ name }) => name);
    const away = alone().slice(count);
    for (let number = 1; alone().length < count; number += 1) {
      const name = `${role}-${number}`;
      if (!this.slots.has(name)) this.add(name, [role]);
    }
    await Promise.all(away.map((name) => this.remove(name, random.chance(0.5) ? 'SIGTERM' : 'SIGKILL')));
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<(End | null)[]> {
    this.closed = true;
    return Promise.all([...this.slots.keys()].map((name) => this.remove(name, signal)));
  }

  private launch(slot: Slot, env: NodeJS.ProcessEnv): Engine {
    this.starts += 1;
    const { folder, otherNode } = this.options;
    const { main } = this;
    const launch: Launch = {
      name: `${slot.name}.${this.starts}`,
      roles: slot.roles,
      env: { ...this.options.env(slot.name), ...env },
      folder,
      main,
      node: this.starts % 2 === 0 ? otherNode : undefined,
    };
    const engine = new Engine(launch);
    const armed = env['FAILPOINTS'] !== undefined;
    slot.engine = engine;
    slot.expected = false;
    void engine.ended.then((end) => this.ended(slot, engine, end, armed));
    return engine;
  }

  private ended(slot: Slot, engine: Engine, end: End, armed: boolean): void {
    if (end.signal === 'SIGKILL') this.kills += 1;
    if (slot.engine !== engine || slot.expected || this.closed || !this.slots.has(slot.name)) return;
    if (!(armed && end.signal === 'SIGKILL')) {
      const how = end.signal ?? `exit code ${end.code ?? '?'}`;
      this.options.onUnexpected(`${slot.name} ended by itself (${how}): ${engine.lastLines()}`);
    }
    this.launch(slot, {});
  }
}
