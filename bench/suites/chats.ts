import { short } from '../lib/numbers.js';
import type { Session } from '../lib/session.js';
import { crash } from '../runs/crash.js';
import { chatsTarget, drain } from '../runs/drain.js';
import { peerCrash, peerDrain } from '../runs/peer.js';

/** A run of each side that is not kept: a broker and a Postgres that have just started are slower than they will be. */
export async function warmUp(session: Session, events: number): Promise<void> {
  const { workload, expected } = await session.chats(events);
  const engine = { ...(await session.engine()), nodeOptions: [], processes: 1 };
  await drain(session.bench, 'warm-up', chatsTarget(expected), engine);
  if (session.peer !== null) await peerDrain(session.peer, 'warm-up', workload);
}

/** How fast a filled topic is counted into an empty database. */
export async function drains(session: Session, events: number, processes: number): Promise<void> {
  const { workload, expected } = await session.chats(events);
  const engine = { ...(await session.engine()), processes };
  const what = `drain ${short(events)}`;
  await session.inTurn(
    () => drain(session.bench, what, chatsTarget(expected), engine),
    (peer) => peerDrain(peer, what, workload),
  );
}

/** How long after a kill in the middle the next output is there; held against a run in which less had been counted. */
export async function crashes(session: Session, events: number, smaller: number | null): Promise<void> {
  const name = (size: number): string => `kill -9 in ${short(size)}`;
  const engine = await session.engine();
  const { workload, expected } = await session.chats(events);
  const what = name(events);
  await session.inTurn(
    () => crash(session.bench, what, expected, engine),
    (peer) => peerCrash(peer, what, workload),
  );
  if (smaller === null || smaller === events) return;
  session.recorder.compare({
    what,
    against: name(smaller),
    figure: 'restartToOutputSeconds',
    title: 'restart → first new output, of that with less counted',
    goal: 'about 1',
  });
}

/** What more processes in the group cost on the same cores. */
export async function scaling(session: Session, events: number, processes: readonly number[]): Promise<void> {
  const { expected } = await session.chats(events);
  const engine = await session.engine();
  const name = (n: number): string => `${short(events)}, processes: ${n}`;
  await session.rounds(processes, (n) =>
    drain(session.bench, name(n), chatsTarget(expected), { ...engine, processes: n }),
  );
  for (const n of processes.filter((one) => one !== 1)) {
    session.recorder.compare({
      what: name(n),
      against: name(1),
      figure: 'perSecondFromReady',
      title: 'rate, of that of one process',
      goal: '≥ 0.9',
    });
  }
}

/** The same drain with a cache that holds all ids that were seen, and with one that holds a tenth of them. */
export async function memory(session: Session, events: number): Promise<void> {
  const { expected } = await session.chats(events);
  const cacheMB = Math.max(1, Math.floor(idsMB(expected.counted) / 10));
  const engine = { ...(await session.engine()), processes: 1 };
  const roomy = `${short(events)}, cache as shipped`;
  const tight = `${short(events)}, cache of ${cacheMB} MB`;
  await session.rounds([roomy, tight], (what) => {
    const env = what === tight ? { ACCOUNT_CACHE_MB: String(cacheMB) } : {};
    return drain(session.bench, what, chatsTarget(expected), { ...engine, env });
  });
  session.recorder.compare({
    what: tight,
    against: roomy,
    figure: 'perSecondFromReady',
    title: `rate with ${(idsMB(expected.counted) / cacheMB).toFixed(1)} times as many ids as the budget holds`,
    goal: '≥ 0.3',
  });
}

/** What the ids weigh by their bytes alone. */
function idsMB(counted: number): number {
  return (counted * 16) / 2 ** 20;
}
