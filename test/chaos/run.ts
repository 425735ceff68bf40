import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from '../../src/kafka/registry.js';
import { until } from '../e2e/world.js';
import { installAudit } from './checks/audit.js';
import { compareMails } from './checks/mail.js';
import { Monitor } from './checks/monitor.js';
import { askOracle } from './checks/oracle.js';
import { compareReplay } from './checks/replay.js';
import { untilSettled } from './checks/settled.js';
import { Campaign } from './faults/campaign.js';
import { PROCESS_FAULTS } from './faults/processes.js';
import { planFaults, type Planned } from './faults/schedule.js';
import { SERVER_FAULTS } from './faults/servers.js';
import { BOUNCING } from './load/accounts.js';
import { paced } from './load/paced.js';
import { PlatformProducer } from './load/producer.js';
import { Traffic } from './load/traffic.js';
import { isRunning } from './world/engine.js';
import { Fleet } from './world/fleet.js';
import { Servers } from './world/servers.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly events: number;
  /** `kill -9` beyond those that the seed brings anyway. */
  readonly kills: number;
  /** Cut into so many rounds; after each everything must settle. */
  readonly rounds: number;
  readonly settleMs: number;
  /** Another version of Node for every second process. */
  readonly otherNode?: string | undefined;
  readonly say: (line: string) => void;
}

export interface ChaosResult {
  /** Messages that begin with the invariant; empty: everything held. */
  readonly broken: string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly faults: ReadonlyMap<string, number>;
}

const STARTS_WITHIN_MS = 120_000;

export const ALL_FAULTS = [...PROCESS_FAULTS, ...SERVER_FAULTS];

/** One run under fire, from empty servers to the last comparison. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const servers = await Servers.start();
  const folder = mkdtempSync(join(tmpdir(), 'fair-use-chaos-'));
  const run = new Run(options, servers, folder);
  try {
    return await run.toTheEnd();
  } finally {
    await run.stop();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  private readonly broken: string[] = [];
  private readonly enough = new AbortController();
  private readonly began = performance.now();
  private readonly fleet: Fleet;
  private readonly monitor: Monitor;
  private readonly campaign: Campaign;
  private readonly producer: PlatformProducer;
  private readonly traffic: Traffic;
  private readonly planned: readonly Planned[];

  constructor(
    private readonly options: ChaosOptions,
    private readonly servers: Servers,
    folder: string,
  ) {
    const { seed, events, minutes, kills, otherNode } = options;
    const say = (line: string): void => this.say(line);
    const fail = (what: string): void => {
      this.broken.push(`process: ${what}`);
      this.enough.abort();
    };
    this.fleet = new Fleet({ folder, env: () => servers.env(), otherNode, onUnexpected: fail });
    this.monitor = new Monitor(servers, () => this.enough.abort());
    this.campaign = new Campaign(servers, this.fleet, say, fail);
    this.producer = new PlatformProducer(
      servers.kafka,
      new Registry(servers.stack.addresses.schemaRegistryUrl),
    );
    this.traffic = new Traffic(seed, events, Date.now());
    this.planned = planFaults(seed, minutes * 60_000, ALL_FAULTS, kills);
  }

  async toTheEnd(): Promise<ChaosResult> {
    await this.begin();
    for (let round = 0; round < this.options.rounds && !this.enough.signal.aborted; round += 1) {
      await this.round(round);
    }
    await this.monitor.stop();
    const figures = this.broken.length + this.monitor.broken.size > 0 ? {} : await this.compare();
    return {
      broken: [...new Set([...this.monitor.broken, ...this.broken])],
      figures: { ...figures, kills: this.fleet.kills, looks: this.monitor.looks },
      faults: this.campaign.counts,
    };
  }

  async stop(): Promise<void> {
    this.enough.abort();
    await this.monitor.stop();
    await this.producer.stop();
    await this.fleet.stop('SIGKILL');
  }

  private say(line: string): void {
    this.options.say(`${((performance.now() - this.began) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  }

  /** Every process starts at once on servers that have nothing yet: they migrate at the same time. */
  private async begin(): Promise<void> {
    const mixed = ['relay', 'mailer', 'scheduler', 'api'];
    const engines = [
      this.fleet.add('processor-1', ['processor']),
      this.fleet.add('processor-2', ['processor']),
      this.fleet.add('relay-1', ['relay']),
      this.fleet.add('mailer-1', ['mailer']),
      this.fleet.add('mixed-1', this.options.seed % 2 === 0 ? mixed : ['processor', ...mixed]),
    ];
    await until(
      'every process runs',
      () => Promise.resolve(engines.every(isRunning)),
      STARTS_WITHIN_MS,
    ).catch(() => {
      const late = engines.filter((engine) => !isRunning(engine));
      throw new Error(`does not start: ${late.map((e) => `${e.launch.name}: ${e.lastLines()}`).join('\n')}`);
    });
    await installAudit(this.servers);
    for (const { email } of this.traffic.accounts.flatMap(({ snapshot }) => snapshot.contacts)) {
      if (email.endsWith(BOUNCING)) this.servers.smtp.forRecipient(email, { recipient: 550 });
    }
    this.monitor.start();
    const nodes = engines.map((engine) => /"node":"([\d.]+)"/.exec(engine.log())?.[1] ?? '?');
    this.say(`${engines.length} processes run, of Node ${[...new Set(nodes)].sort().join(' and ')}`);
    await this.producer.send(this.traffic.introductions(), this.enough.signal);
  }

  private async round(round: number): Promise<void> {
    const { minutes, events, rounds, settleMs } = this.options;
    const ms = (minutes * 60_000) / rounds;
    const signal = this.enough.signal;
    await Promise.all([
      paced(Math.round(events / rounds), ms, signal, (count) =>
        this.producer.send(this.traffic.next(count, Date.now()), signal),
      ),
      this.campaign.run(this.planned, round * ms, (round + 1) * ms, signal),
    ]);
    this.servers.calm();
    if (signal.aborted) return;
    this.say(`round ${round + 1} of ${rounds} is over: everything must settle`);
    await this.settle(settleMs);
    await this.producer.send(this.traffic.lateIntroductions(), signal);
    await this.producer.send(this.traffic.changes(Date.now()), signal);
    await this.settle(settleMs);
    await this.monitor.look();
  }

  private async settle(withinMs: number): Promise<void> {
    await untilSettled(this.servers, withinMs).catch((error: unknown) => {
      this.broken.push(`stuck: ${String(error)}`);
      for (const engine of this.fleet.running) this.say(`${engine.launch.name}: ${engine.lastLines(2)}`);
      this.enough.abort();
    });
  }

  private async endedBadly(): Promise<string[]> {
    const engines = this.fleet.running;
    await this.fleet.stop('SIGTERM');
    return engines.flatMap((engine) => {
      const { end } = engine;
      if (end?.code === 0) return [];
      const how = end?.signal ?? `code ${end?.code ?? '?'}`;
      return [
        `process: ${engine.launch.name} did not exit 0 on SIGTERM, but with ${how}: ${engine.lastLines(5)}`,
      ];
    });
  }

  private async compare(): Promise<Record<string, number>> {
    this.say('asking the oracle');
    const oracle = await askOracle(this.servers);
    const mails = await compareMails(this.servers);
    this.broken.push(...oracle.broken, ...mails.broken);
    this.broken.push(...(await this.endedBadly()));
    this.say('counting the whole log once more, into an empty database');
    this.broken.push(...(await compareReplay(this.servers, this.options.settleMs)));
    const { truth, published } = oracle;
    return {
      'records read back': oracle.records,
      acknowledged: this.producer.acknowledged,
      'sent again in doubt': this.producer.inDoubt,
      counted: truth.counted,
      windows: truth.windows.length,
      crossings: truth.crossings.length,
      warnings: truth.notices.length,
      'dead letters': truth.deadLetters.length,
      'mails taken': mails.mails,
      'deliveries UNKNOWN': mails.unknown,
      ...published,
    };
  }
}
