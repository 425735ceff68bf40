import { measured, round, type Measurement } from '../lib/measurement.js';
import type { Peer } from '../lib/peer.js';
import type { GeneratorSettings } from '../lib/peer.js';

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
    cpu: cpuPerM.sum,
    cpuProcess: round(cpuPerM.app + cpuPerM.sink, 2),
    cpuBroker: cpuPerM.broker,
    cpuPostgres: cpuPerM.postgres,
    memory: detail.rssMB.app,
    memorySink: detail.rssMB.sink,
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

export function verdict(
  what: string,
  detail: PeerVerdict,
  values: Readonly<Record<string, number>>,
): Measurement {
  const { verify, pgOk, loadBefore, othersCores = null } = detail;
  const exact = verify.countersOk && verify.violationsOk && pgOk;
  const wrong = exact ? [] : [JSON.stringify({ verify, pgOk })];
  return {
    ...measured({ what, side: 'peer', wrong, values, loadBefore, coresOfOthers: othersCores }),
    detail,
  };
}
