import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startSimulation, type Simulation } from '../../src/simulation/run.js';
import { startStack, type Stack } from '../../src/stack/index.js';
import { choosePorts } from '../../src/stack/ports.js';
import { createFileLog } from '../../src/support/log.js';
import type { Process } from './sample.js';

const MAIN = resolve('dist/main.js');
const POLICY = resolve('policy/fair-use-2021-10-19.yaml');
const READY_WITHIN_MS = 60_000;

export interface StageOptions {
  readonly folder: string;
  readonly engines: number;
  readonly ratePerSecond: number;
  readonly retentionDivisor: number;
}

/** A real stack in a folder of its own, engines that run every role against it, and the simulated platform. */
export class Stage {
  private constructor(
    private readonly stack: Stack,
    readonly db: pg.Pool,
    private readonly engines: readonly {
      readonly name: string;
      readonly child: ChildProcess;
      readonly log: string;
    }[],
    private readonly simulation: Simulation,
  ) {}

  static async start(options: StageOptions): Promise<Stage> {
    const { folder } = options;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const stack = await startStack({
      dataDir: join(folder, 'stack'),
      libDir: resolve('.data/lib'),
      external: {},
      ports: 'free',
      onProgress: ({ title, text }) => process.stdout.write(`${title}: ${text}\n`),
    });
    const db = new pg.Pool({
      connectionString: stack.addresses.databaseUrl,
      max: 2,
      application_name: 'soak',
    });
    db.on('error', () => undefined);
    const env = engineEnv(stack, folder, options);
    const engines = [];
    for (let n = 1; n <= options.engines; n += 1) engines.push(await startEngine(`engine ${n}`, env, folder));
    const simulation = await startSimulation({
      seed: 20_211_019,
      brokers: stack.addresses.kafkaBrokers.split(','),
      registryUrl: stack.addresses.schemaRegistryUrl,
      stateDir: join(folder, 'simulation'),
      log: createFileLog(join(folder, 'logs', 'simulation.log')),
      ratePerSecond: options.ratePerSecond,
    });
    return new Stage(stack, db, engines, simulation);
  }

  /** Throws, with its last line, when one of them has ended. */
  get processes(): Process[] {
    return this.engines.map(({ name, child, log }) => {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
        return { name, pid: child.pid };
      throw new Error(`${name} ended: ${readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? ''}`);
    });
  }

  get published(): number {
    return this.simulation.stats().published;
  }

  /** No more traffic; waits until everything that was published is counted and everything that follows has left. */
  async drain(withinMs: number): Promise<void> {
    await this.simulation.stop();
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { rows } = await this.db.query<{ counted: string; waiting: string; mails: string }>(
        `select (select sum(next_offset) from input_offsets) counted,
           (select count(*) from outbox where published_at is null) waiting,
           (select count(*) from deliveries where status in ('PENDING', 'SENDING')) mails`,
      );
      const [row] = rows;
      if (Number(row?.counted) >= this.published && row?.waiting === '0' && row.mails === '0') return;
      if (performance.now() > deadline) throw new Error(`not drained: ${JSON.stringify(row)}`);
      await sleep(500);
    }
  }

  async stop(): Promise<void> {
    await this.simulation.stop().catch(() => undefined);
    await Promise.all(this.engines.map(({ child }) => endEngine(child)));
    await this.db.end();
    await this.stack.stop();
  }
}

/** Small files already break the size limit, so that violations and with them the outbox are busy. */
function engineEnv(
  { addresses }: Stack,
  folder: string,
  { retentionDivisor }: StageOptions,
): NodeJS.ProcessEnv {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, readFileSync(POLICY, 'utf8').replace('limit: 5 MiB', 'limit: 256 KiB'));
  return {
    ...process.env,
    NODE_OPTIONS: '',
    MAIL_FROM: 'Fair Use <fair-use@platform.example>',
    POLICY_FILE: policy,
    RETENTION_DIVISOR: String(retentionDivisor),
    KAFKA_BROKERS: addresses.kafkaBrokers,
    SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
    DATABASE_URL: addresses.databaseUrl,
    SMTP_URL: addresses.smtpUrl,
  };
}

async function startEngine(name: string, env: NodeJS.ProcessEnv, folder: string) {
  const { http: port = 0 } = await choosePorts({ http: 0 });
  const log = join(folder, 'logs', `${name.replace(' ', '-')}.log`);
  const out = openSync(log, 'a');
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { ...env, HTTP_PORT: String(port) },
    stdio: ['ignore', out, out, 'ipc'],
  });
  closeSync(out);
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return { name, child, log };
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`${name} is not ready: see ${log}`);
    await sleep(200);
  }
}

async function endEngine(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
