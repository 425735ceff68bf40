import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSimulation, type Simulation } from '../simulation/run.js';
import { verifySimulation } from '../simulation/verify.js';
import { startStack, type ProgressEvent, type Stack, type StackOptions } from '../stack/index.js';
import { choosePorts } from '../stack/ports.js';
import { createClock } from '../support/clock.js';
import { ExpectedError } from '../support/expectedError.js';
import { createFileLog, type Log } from '../support/log.js';
import { createDisplay } from './start/display.js';
import { Engine } from './start/engine.js';
import { watch } from './start/watch.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DATA = join(ROOT, '.data');
const SIMULATION = join(DATA, 'simulation');
const DEFAULT_HTTP_PORT = 8080;
const SEED = 20_211_019;

export interface StartOptions {
  readonly simulation: boolean;
  readonly reset: boolean;
  /** Null: until Ctrl-C. */
  readonly forMinutes: number | null;
}

/**
 * Brings up what the environment does not name, runs every role against it and plays simulated traffic, until Ctrl-C;
 * then ends everything it started. State lies under `.data/` and the next start goes on from it. Returns the exit code:
 * 1 when the result was held against the simulated platform and differs.
 */
export async function start(options: StartOptions): Promise<number> {
  const external = givenAddresses(process.env);
  // Until the servers are up, Ctrl-C ends this process at once, and they end with it.
  const stack = await startStack({
    dataDir: DATA,
    libDir: join(DATA, 'lib'),
    external,
    reset: options.reset,
    onProgress: say,
  });
  const stopping = new AbortController();
  const onSignal = (): void => {
    stopping.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  let engine: Engine | null = null;
  let simulation: Simulation | null = null;
  try {
    const env = engineEnv(stack);
    engine = await startEngine(env);
    if (stopping.signal.aborted) return 0;
    printAddresses(stack, engine);
    const clockStart = process.env['CLOCK_START'];
    const clock = createClock(clockStart === undefined ? undefined : Date.parse(clockStart));
    const log = createFileLog(join(DATA, 'logs', 'simulation.log'));
    const brokers = stack.addresses.kafkaBrokers.split(',');
    if (options.simulation) {
      simulation = await startSimulation({
        seed: SEED,
        brokers,
        registryUrl: stack.addresses.schemaRegistryUrl,
        stateDir: SIMULATION,
        log,
        now: () => clock.now(),
      });
    }
    const watching = watch({
      databaseUrl: stack.addresses.databaseUrl,
      brokers,
      display: createDisplay(process.stdout),
      log,
      signal: stopping.signal,
      now: () => clock.now(),
    });
    const over = await Promise.race([
      engine.ended.then((reason) => ({ reason })),
      watching.then(() => 'interrupted' as const),
      timeUp(options.forMinutes),
    ]);
    stopping.abort();
    await watching;
    if (typeof over === 'object') throw new ExpectedError(over.reason);
    if (over === 'interrupted') return 0;
    await simulation?.stop();
    return await verify(stack, log, clock.shiftMs);
  } finally {
    process.stdout.write('\nstopping\n');
    await simulation?.stop().catch(() => undefined);
    await engine?.stop();
    await stack.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
  }
}

/** Resolves when the minutes are over; never, without them. */
async function timeUp(minutes: number | null): Promise<'over'> {
  if (minutes === null) return new Promise(() => undefined);
  await sleep(minutes * 60_000, undefined, { ref: false });
  return 'over';
}

async function verify({ addresses }: Stack, log: Log, shiftMs: number): Promise<number> {
  process.stdout.write('\nno more traffic: counting once more from the topics, independently\n');
  const { counts, differences } = await verifySimulation({
    brokers: addresses.kafkaBrokers.split(','),
    registryUrl: addresses.schemaRegistryUrl,
    databaseUrl: addresses.databaseUrl,
    inboxUrl: addresses.inboxUrl,
    stateDir: SIMULATION,
    log,
    shiftMs,
  });
  for (const [what, count] of Object.entries(counts)) process.stdout.write(`  ${what.padEnd(36)}${count}\n`);
  for (const difference of differences) process.stdout.write(`  DIFFERENT: ${difference}\n`);
  process.stdout.write(
    differences.length === 0 ? 'equal to the truth\n' : `${differences.length} differences\n`,
  );
  return differences.length === 0 ? 0 : 1;
}

function givenAddresses(env: NodeJS.ProcessEnv): StackOptions['external'] {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const entries = {
    kafkaBrokers: given('KAFKA_BROKERS'),
    schemaRegistryUrl: given('SCHEMA_REGISTRY_URL'),
    databaseUrl: given('DATABASE_URL'),
    smtpUrl: given('SMTP_URL'),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function engineEnv({ addresses }: Stack): NodeJS.ProcessEnv {
  return {
    MAIL_FROM: 'Fair Use <fair-use@platform.example>',
    POLICY_FILE: resolve(ROOT, 'policy'),
    ...process.env,
    KAFKA_BROKERS: addresses.kafkaBrokers,
    SCHEMA_REGISTRY_URL: addresses.schemaRegistryUrl,
    DATABASE_URL: addresses.databaseUrl,
    SMTP_URL: addresses.smtpUrl,
  };
}

async function startEngine(env: NodeJS.ProcessEnv): Promise<Engine> {
  const wanted = Number(env['HTTP_PORT'] ?? DEFAULT_HTTP_PORT);
  const { http = wanted } = await choosePorts({ http: wanted });
  process.stdout.write('engine: starting every role\n');
  return Engine.start(env, http, DATA);
}

function say({ title, text }: ProgressEvent): void {
  process.stdout.write(`${title}: ${text}\n`);
}

function printAddresses({ addresses }: Stack, engine: Engine): void {
  const lines = [
    ['health and metrics', `${engine.url}/readyz  ${engine.url}/metrics`],
    ['inbox', addresses.inboxUrl ?? `your mail server (${shown('SMTP_URL', addresses.smtpUrl)})`],
    ['Kafka', addresses.kafkaBrokers],
    ['schema registry', shown('SCHEMA_REGISTRY_URL', addresses.schemaRegistryUrl)],
    ['Postgres', shown('DATABASE_URL', addresses.databaseUrl)],
    ['logs', join('.data', 'logs')],
  ];
  process.stdout.write(
    `\n${lines.map(([name = '', at = '']) => `  ${name.padEnd(20)}${at}`).join('\n')}\n\n`,
  );
}

// The embedded database's password is no secret, one that was given is, wherever its server runs.
function shown(variable: string, url: string): string {
  if ((process.env[variable] ?? '') === '' || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  return parsed.href;
}
