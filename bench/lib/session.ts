import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { table } from '../report/table.js';
import { Bench } from './bench.js';
import type { Measurement } from './measurement.js';
import { Peer } from './peer.js';
import { Recorder } from './results.js';

export interface CommonOptions {
  /** The peer's folder. */
  readonly peer?: string;
  /** Where the peer has been built, or shall be. */
  readonly peerWork?: string;
  readonly runs: number;
  readonly results: string;
}

/** What the last run left to be written or collected is not the next one's. */
const SETTLE_MS = 2_000;

/** One command: the servers, the other side where there is one, and what has been measured. */
export class Session {
  private constructor(
    readonly bench: Bench,
    readonly peer: Peer | null,
    readonly recorder: Recorder,
    readonly runs: number,
  ) {}

  /** Runs the work on fresh servers and shows the table; a run that was not exact makes the exit code 1. */
  static async with(options: CommonOptions, work: (session: Session) => Promise<void>): Promise<void> {
    const bench = await Bench.start();
    try {
      const built = options.peerWork ?? process.env['PEER_WORK'] ?? join(tmpdir(), 'fair-use-peer');
      const peer = options.peer === undefined ? null : await Peer.adopt(bench, options.peer, built);
      const session = new Session(bench, peer, new Recorder(bench, options.results), options.runs);
      await work(session);
      const { results, file } = session.recorder;
      console.log(`\n${table(results)}\n${file}`);
      if (results.measurements.some(({ exact }) => !exact)) process.exitCode = 1;
    } finally {
      await bench.stop();
    }
  }

  /** A run of each side that is not kept: a broker and a Postgres that have just started are slower than they will be. */
  async warmUp(ours: () => Promise<unknown>, theirs: (peer: Peer) => Promise<unknown>): Promise<void> {
    await ours();
    if (this.peer !== null) await theirs(this.peer);
  }

  /** Both sides in turn, A B A B, each `runs` times. */
  async inTurn(
    ours: () => Promise<Measurement>,
    theirs: ((peer: Peer) => Promise<Measurement>) | null = null,
  ): Promise<void> {
    for (let run = 0; run < this.runs; run += 1) {
      await sleep(SETTLE_MS);
      this.recorder.take(await ours());
      if (this.peer === null || theirs === null) continue;
      await sleep(SETTLE_MS);
      this.recorder.take(await theirs(this.peer));
    }
  }
}
