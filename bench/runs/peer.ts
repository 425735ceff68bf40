import { measured, round, type Measurement } from '../lib/measurement.js';
import type { GeneratorSettings, Peer } from '../lib/peer.js';

interface PeerVerdict {
  readonly loadBefore: number;
  readonly othersCores?: number;
  readonly rssMB: Readonly<Record<'app' | 'sink', number>>;
  readonly verify: { readonly countersOk: boolean; readonly violationsOk: boolean };
  readonly pgOk: boolean;
}

/** What `run.sh` of the peer says of a drain. */
interface PeerDrain extends PeerVerdict {
  readonly evS: number;
  readonly evSWithStart: number;
  readonly startS: number;
  readonly cpuPerM: Readonly<Record<'app' | 'broker' | 'sink' | 'postgres' | 'sum', number>>;
}

/** … and of a kill in the middle. */
interface PeerCrash extends PeerVerdict {
  readonly committedAtKill: number;
  readonly restartToRunningS: number;
  readonly restartToFirstOutputS: number;
  readonly restartToDrainedS: number;
}

/** … and of a steady rate. */
interface PeerLatency extends PeerVerdict {
  readonly violationMs: Readonly<Record<'n' | 'p50' | 'p99' | 'max', number>>;
  readonly cpuPerM: Readonly<Record<'app' | 'broker' | 'sink' | 'postgres' | 'sum', number>>;
  readonly gen: { readonly maxLagMs: number };
}

/** The peer with its Postgres sink: two threads. */
const SINK_AND_THREADS = (events: number): string[] => ['B', String(events), '2'];

/** The same topic drained by the peer, with a commit interval of a second: its fastest. */
export async function peerDrain(peer: Peer, what: string, workload: GeneratorSettings): Promise<Measurement> {
  const detail = (await peer.run(
    [...SINK_AND_THREADS(workload.events), '1000'],
    workload,
  )) as unknown as PeerDrain;
  const { cpuPerM } = detail;
  return verdict(what, detail, {
    perSecondFromReady: detail.evS,
    perSecondFromStart: detail.evSWithStart,
    startSeconds: detail.startS,
    ...cpuFigures(cpuPerM),
    memory: detail.rssMB.app,
    memorySink: detail.rssMB.sink,
    memoryWhole: detail.rssMB.app + detail.rssMB.sink,
  });
}

/** Killed with half of the topic committed and started again at once, with a commit interval of 100 ms. */
export async function peerCrash(peer: Peer, what: string, workload: GeneratorSettings): Promise<Measurement> {
  const args = [...SINK_AND_THREADS(workload.events), '100', 'crash'];
  const detail = (await peer.run(args, workload)) as unknown as PeerCrash;
  return verdict(what, detail, {
    countedAtKill: detail.committedAtKill,
    restartToReadySeconds: detail.restartToRunningS,
    restartToOutputSeconds: detail.restartToFirstOutputS,
    restartToDrainedSeconds: detail.restartToDrainedS,
  });
}

/** 5,000 events a second, 15 s to warm up and 60 s measured, with a commit interval of 100 ms and a limit of 50. */
export async function peerLatency(
  peer: Peer,
  what: string,
  workload: GeneratorSettings,
): Promise<Measurement> {
  const args = ['B', '0', '2', '100', 'latency'];
  const detail = (await peer.run(args, workload)) as unknown as PeerLatency;
  const { violationMs, cpuPerM } = detail;
  return verdict(what, detail, {
    violationP50: violationMs.p50,
    violationP99: violationMs.p99,
    violationMost: violationMs.max,
    violations: violationMs.n,
    ...cpuFigures(cpuPerM),
    memory: detail.rssMB.app,
    memorySink: detail.rssMB.sink,
    generatorLag: detail.gen.maxLagMs,
  });
}

function cpuFigures({ sum, app, sink, broker, postgres }: PeerDrain['cpuPerM']): Record<string, number> {
  return { cpu: sum, cpuProcess: round(app + sink, 2), cpuBroker: broker, cpuPostgres: postgres };
}

function verdict(what: string, detail: PeerVerdict, values: Readonly<Record<string, number>>): Measurement {
  const { verify, pgOk, loadBefore, othersCores = null } = detail;
  const exact = verify.countersOk && verify.violationsOk && pgOk;
  const wrong = exact ? [] : [JSON.stringify({ verify, pgOk })];
  return {
    ...measured({ what, side: 'peer', wrong, values, loadBefore, coresOfOthers: othersCores }),
    detail,
  };
}
