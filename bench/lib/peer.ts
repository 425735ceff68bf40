import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bench } from './bench.js';

/** What it links to: built once by the peer's own `setup.sh`, in a folder outside of its sources. */
const BUILT = ['target', 'lib', 'broker-lib', 'venv', 'node'];
const ROLE = 'bench';

/** The workload that the peer's generator publishes; the same settings give the same events in the same order. */
export interface GeneratorSettings {
  readonly events: number;
  readonly seed: number;
  readonly topic: string;
  readonly schemaId: number;
  /** Event time of the first event, epoch ms; six hours follow. */
  readonly from: number;
  /** Events a second, each stamped with the time at which it was due; 0: as fast as it goes. */
  readonly rate?: number;
}

/** A run of the peer as it tells of it: one line of JSON. */
export type PeerResult = Readonly<Record<string, unknown>>;

/** Another program that counts the same events, run by its own scripts on the servers of the bench. */
export class Peer {
  private constructor(
    private readonly sources: string,
    private readonly work: string,
    private readonly bench: Bench,
  ) {}

  /**
   * @param sources the peer's folder: setup.sh, gen.sh, run.sh
   * @param built where setup.sh has built it, or shall
   */
  static async adopt(bench: Bench, sources: string, built: string): Promise<Peer> {
    const from = resolve(built);
    if (!BUILT.every((name) => existsSync(join(from, name)))) {
      console.error('building the peer');
      await run(join(sources, 'setup.sh'), [], {
        env: { ...process.env, PEER_WORK: from },
        log: join(bench.folder, 'peer-setup.log'),
      });
    }
    const work = join(bench.folder, 'peer');
    mkdirSync(join(work, 'log'), { recursive: true });
    for (const name of BUILT) symlinkSync(join(from, name), join(work, name));
    // Its scripts start a broker and a Postgres only where these two files name none that runs: it finds those of the bench.
    writeFileSync(join(work, 'broker.pid'), String(bench.stack.parts.kafka?.pid ?? 0));
    symlinkSync(bench.databases.folder, join(work, 'pg'));
    await bench.databases.admit(ROLE);
    return new Peer(resolve(sources), work, bench);
  }

  /** Publishes at the workload's rate by its generator; resolves with its largest lag, ms, when all is sent. */
  async publishAtRate(settings: GeneratorSettings): Promise<number> {
    const output = await this.script('gen.sh', [], this.workload(settings));
    return (JSON.parse(lastLine(output)) as { maxLagMs: number }).maxLagMs;
  }

  /** Fills the topic by its generator, and has its runs know that it is filled. Returns the path of its oracle. */
  async fill(settings: GeneratorSettings): Promise<string> {
    const { events: n, seed, topic, from } = settings;
    const oracle = join(this.work, `oracle-${n}-${seed}.tsv`);
    const output = await this.script('gen.sh', [], { ...this.workload(settings), ORACLE: oracle });
    const want = { n, seed: String(seed), t0: String(from), topic, schemaId: String(settings.schemaId) };
    const gen = JSON.parse(lastLine(output)) as unknown;
    writeFileSync(join(this.work, 'prefill.json'), JSON.stringify({ want, gen }));
    return oracle;
  }

  /** Runs its `run.sh`, which verifies what it counted, and returns what it says. */
  async run(args: readonly string[], settings: GeneratorSettings): Promise<PeerResult> {
    return JSON.parse(lastLine(await this.script('run.sh', args, this.workload(settings)))) as PeerResult;
  }

  private workload({ events, seed, topic, schemaId, from, rate = 0 }: GeneratorSettings): NodeJS.ProcessEnv {
    return {
      N: String(events),
      SEED: String(seed),
      TOPIC: topic,
      SCHEMA_ID: String(schemaId),
      T0: String(from),
      RATE: String(rate),
    };
  }

  private script(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    const { kafka, postgres } = this.bench.stack.parts;
    return run(join(this.sources, name), args, {
      log: join(this.work, 'log', 'scripts.log'),
      env: {
        ...process.env,
        PEER_WORK: this.work,
        PEER_PORT: String(kafka?.ports['broker']),
        PEER_PGPORT: String(postgres?.ports['sql']),
        BOOTSTRAP: this.bench.stack.addresses.kafkaBrokers,
        ...env,
      },
    });
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Standard output of a program that must succeed; what it complains about goes to a log. */
function run(
  command: string,
  args: readonly string[],
  { env, log }: { env: NodeJS.ProcessEnv; log: string },
): Promise<string> {
  const complaints = openSync(log, 'a');
  return new Promise<string>((done, fail) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', complaints] });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', fail);
    child.once('close', (code, signal) => {
      if (code === 0) {
        done(output);
        return;
      }
      const end = readFileSync(log, 'utf8').slice(-2_000);
      fail(new Error(`${command} ${args.join(' ')} failed (${signal ?? String(code)}):\n${end}${output}`));
    });
  }).finally(() => closeSync(complaints));
}
