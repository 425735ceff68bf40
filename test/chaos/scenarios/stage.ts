import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from '../../../src/kafka/registry.js';
import { INPUT_TOPICS } from '../../../src/kafka/topics.js';
import type { AccountSnapshot } from '../../../src/simulation/records.js';
import { readEnds } from '../../../src/simulation/verify/readTopics.js';
import { account, chat, type Line } from '../../e2e/platform.js';
import { until } from '../../e2e/world.js';
import { auditFindings, installAudit } from '../checks/audit.js';
import { compareMails, mailedTwice } from '../checks/mail.js';
import { nextOffsets } from '../checks/offsets.js';
import { askOracle } from '../checks/oracle.js';
import { untilSettled } from '../checks/settled.js';
import { brokenStructure } from '../checks/structure.js';
import { PlatformProducer } from '../load/producer.js';
import type { Emission } from '../load/traffic.js';
import { isRunning, type Engine } from '../world/engine.js';
import { Fleet } from '../world/fleet.js';
import { Servers } from '../world/servers.js';

const WITHIN_MS = 120_000;

/** A small world in which a scenario forces one interleaving. */
export class Stage {
  readonly fleet: Fleet;
  /** Ends of processes that nobody brought about. */
  readonly unexpected: string[] = [];
  private readonly producer: PlatformProducer;
  private readonly signal = new AbortController().signal;

  private constructor(
    readonly servers: Servers,
    readonly folder: string,
    /** The program under test; null: this build. */
    readonly main: string | null,
    private readonly databaseUrl: string | undefined,
  ) {
    this.producer = new PlatformProducer(
      servers.kafka,
      new Registry(servers.stack.addresses.schemaRegistryUrl),
    );
    this.fleet = new Fleet({
      folder,
      env: () => servers.env(databaseUrl),
      main: main ?? undefined,
      onUnexpected: (what) => this.unexpected.push(what),
    });
  }

  static async open(main: string | null = null): Promise<Stage> {
    const servers = await Servers.start();
    return new Stage(servers, mkdtempSync(join(tmpdir(), 'fair-use-stage-')), main, undefined);
  }

  async close(): Promise<void> {
    await this.fleet.stop('SIGKILL');
    await this.producer.stop();
    await this.servers.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts a process and waits until it runs; the first one migrates, and the triggers follow. */
  async run(name: string, roles: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Engine> {
    const engine = this.fleet.add(name, roles, env);
    await this.untilRuns(name);
    await installAudit(this.servers);
    return engine;
  }

  async untilRuns(name: string): Promise<void> {
    await this.until(`${name} runs`, () => {
      const engine = this.fleet.engine(name);
      return engine !== null && engine.end === null && isRunning(engine);
    });
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, async () => condition(), WITHIN_MS).catch((error: unknown) => {
      const logs = this.fleet.running.map((engine) => `${engine.launch.name}: ${engine.lastLines()}`);
      throw new Error([String(error), ...this.unexpected, ...logs].join('\n'));
    });
  }

  /** Waits until a process has come to the failpoint it was armed with. */
  async untilAt(engine: Engine, point: string): Promise<void> {
    await this.until(`${engine.launch.name} is at ${point}`, () =>
      engine.log().includes(`"failpoint":"${point}"`),
    );
  }

  async publish(lines: readonly Line[]): Promise<void> {
    const emissions = lines.map(({ topic, value }): Emission => {
      const key = String(value['accountId']);
      return { topic, key, record: { topic, value } } as unknown as Emission;
    });
    await this.producer.send(emissions, this.signal);
  }

  /** Waits until everything published so far was counted. */
  async counted(): Promise<void> {
    const ends = await readEnds(this.servers.kafka, INPUT_TOPICS);
    await this.until('everything is counted', async () => {
      const next = await nextOffsets(this.servers);
      return [...ends].every(([name, end]) => (next.get(name) ?? 0) >= end);
    });
  }

  /** What is broken now, looked at without waiting for anything. */
  async brokenNow(): Promise<string[]> {
    const seen = [...(await auditFindings(this.servers)), ...mailedTwice(this.servers)];
    return [...seen, ...(await brokenStructure(this.servers))];
  }

  /** Waits until everything has settled and looks at every invariant; what already broke ends the wait. */
  async verdict(): Promise<string[]> {
    const early = await this.brokenNow();
    if (early.length > 0) return early;
    await untilSettled(this.servers, WITHIN_MS);
    const mails = await compareMails(this.servers);
    const oracle = await askOracle(this.servers);
    const processes = this.unexpected.map((what) => `process: ${what}`);
    return [...(await this.brokenNow()), ...mails.broken, ...oracle.broken, ...processes];
  }
}

/** An account as its platform would publish it. */
export function known(accountId: string, plan: string, more: Partial<AccountSnapshot> = {}): Line {
  const line = account(accountId, plan);
  const contacts = [
    { name: 'Olive Owner', email: `owner@${accountId}.example`, role: 'OWNER', locale: null, notify: true },
  ];
  const defaults = {
    isDeal: false,
    customerType: 'COMPANY',
    locale: 'en',
    timeZone: 'UTC',
    billingAnchorDay: null,
  };
  const workspaces = [{ workspaceId: 'ws-1', name: 'Main', websites: [] }];
  return { ...line, value: { ...line.value, ...defaults, contacts, workspaces, ...more } };
}

/** Chats of one account, spread over the hour that began two hours ago. */
export function chats(accountId: string, count: number, from = 0): Line[] {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000;
  return Array.from({ length: count }, (_, n) =>
    chat(accountId, `${accountId}-c${from + n}`, hour + ((from + n) % 3_600) * 1_000, { channel: null }),
  );
}
