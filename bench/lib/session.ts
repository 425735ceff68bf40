import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { table } from '../report/table.js';
import { Bench } from './bench.js';
import type { EngineOptions } from './counting.js';
import { measured, Surroundings, type Measurement, type Side } from './measurement.js';
import { Peer } from './peer.js';
import { Recorder } from './results.js';
import { fillChats, recentHours, WORKLOAD_ACCOUNTS, type Filled } from './topic.js';

export interface CommonOptions {
  /** The peer's folder. */
  readonly peer?: string;
  /** Where the peer has been built, or shall be. */
  readonly peerWork?: string;
  readonly runs: number;
  readonly results: string;
  readonly role: readonly string[];
  /** Options for Node itself, such as --cpu-prof. */
  readonly node: readonly string[];
}

/** What the last run left to be written or collected is not the next one's. */
const SETTLE_MS = 2_000;
const SEED = 42;

/** One command: the servers, the other side where there is one, and what has been measured. */
export class Session {
  /** Event time of the workload's first event, epoch ms. */
  readonly from = recentHours(Date.now());
  private known: string | null = null;
  private full: Filled | null = null;
  private runs: number;
  private readonly failed: string[] = [];

  private constructor(
    readonly bench: Bench,
    readonly peer: Peer | null,
    readonly recorder: Recorder,
    private readonly options: CommonOptions,
  ) {
    this.runs = options.runs;
  }

  /** Runs the work on fresh servers and shows the table; a run that was not exact makes the exit code 1. */
  static async with(options: CommonOptions, work: (session: Session) => Promise<void>): Promise<void> {
    const bench = await Bench.start();
    try {
      const built = options.peerWork ?? process.env['PEER_WORK'] ?? join(tmpdir(), 'fair-use-peer');
      const peer = options.peer === undefined ? null : await Peer.adopt(bench, options.peer, built);
      const session = new Session(bench, peer, new Recorder(bench, options.results), options);
      await work(session);
      const { results, file } = session.recorder;
      console.log(`\n${table(results)}\n\n${file}`);
      const wrong = results.measurements.some(({ exact }) => !exact) || session.failed.length > 0;
      if (wrong) process.exitCode = 1;
    } finally {
      await bench.stop();
    }
  }

  /** The engine as the command wants it, on a database that knows the workload's accounts. */
  async engine(): Promise<EngineOptions> {
    this.known ??= await this.accounts();
    return { base: this.known, ...this.how, env: {} };
  }

  /** How the command wants processes started. */
  get how(): Pick<EngineOptions, 'roles' | 'nodeOptions'> {
    return { roles: this.options.role, nodeOptions: this.options.node };
  }

  private async accounts(): Promise<string> {
    await this.bench.publishAccounts('pro', WORKLOAD_ACCOUNTS);
    return this.bench.learnAccounts('pro');
  }

  /** The topic of chats with so many events, filled anew only where it has others. */
  async chats(events: number): Promise<Filled> {
    if (this.full?.workload.events !== events) {
      const { base } = await this.engine();
      this.full = await fillChats(this.bench, this.peer, { base, events, seed: SEED, from: this.from });
    }
    return this.full;
  }

  /** Other accounts are published: what was known is of no use any more. */
  forgetAccounts(): void {
    this.known = null;
    this.full = null;
  }

  /** Tells that the topic of chats is no longer what {@link chats} filled it with. */
  spoilt(): void {
    this.full = null;
  }

  /** A part of many: when it fails, that is on record and the others follow. */
  async part(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.failed.push(error instanceof Error ? error.message : String(error));
      console.error(this.failed.at(-1));
    });
  }

  /** What follows is run once. */
  once(): void {
    this.runs = 1;
  }

  /** What follows is run as often as the command says. */
  often(): void {
    this.runs = this.options.runs;
  }

  /** Kinds of runs of the engine alone, in turn, each as often as the command says. */
  async rounds<T>(kinds: readonly T[], run: (kind: T) => Promise<Measurement>): Promise<void> {
    for (let round = 0; round < this.runs; round += 1) {
      for (const kind of kinds) {
        await sleep(SETTLE_MS);
        this.recorder.take(await attempt('engine', () => run(kind)));
      }
    }
  }

  /** Both sides in turn, A B A B, each as often as the command says. */
  async inTurn(
    ours: () => Promise<Measurement>,
    theirs: ((peer: Peer) => Promise<Measurement>) | null = null,
  ): Promise<void> {
    for (let run = 0; run < this.runs; run += 1) {
      await sleep(SETTLE_MS);
      this.recorder.take(await attempt('engine', ours));
      if (this.peer === null || theirs === null) continue;
      await sleep(SETTLE_MS);
      const { peer } = this;
      this.recorder.take(await attempt('peer', () => theirs(peer)));
    }
  }
}

/** A run that fails must not take the others with it: it stands in the results as one that was not exact. */
async function attempt(side: Side, run: () => Promise<Measurement>): Promise<Measurement> {
  const { loadBefore } = new Surroundings().tell(0);
  try {
    return await run();
  } catch (error) {
    const wrong = [error instanceof Error ? error.message : String(error)];
    return measured({ what: 'failed', side, wrong, values: {}, loadBefore, coresOfOthers: null });
  }
}
