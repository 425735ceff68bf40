import type { InputTopic } from '../../src/kafka/topics.js';
import type { EngineOptions } from '../lib/counting.js';
import { fillAll } from '../lib/fill.js';
import { MixedOracle } from '../lib/mixedOracle.js';
import {
  KINDS,
  mixedAccount,
  mixedEvents,
  planOf,
  type Kind,
  type MixedEvent,
} from '../lib/mixedWorkload.js';
import { short } from '../lib/numbers.js';
import type { Session } from '../lib/session.js';
import { drain, type Target } from '../runs/drain.js';

const HOURS_PER_MILLION = 6;
const HOUR_MS = 3_600_000;
/** MB. What of so many accounts is laid out and let go of again should not grow old: see docs/operations.md. */
const YOUNG_MB = 64;
/** MB. Below it nothing is marked. */
const FIRST_LIMIT_MB = 1_000;
/** With memory to spare. Only Node 24 knows the last one. */
const NODE_OPTIONS = [
  `--max-semi-space-size=${YOUNG_MB}`,
  `--initial-old-space-size=${FIRST_LIMIT_MB}`,
  // As V8 would have it by itself.
  '--heap-growing-percent=0',
  ...(Number.parseInt(process.versions.node) < 24 ? [] : ['--external-memory-accounted-in-global-limit']),
];

export interface MixedOptions {
  readonly sizes: readonly number[];
  readonly accounts: number;
  /** The memory budget of this row, MB. */
  readonly cacheMB: number;
}

/**
 * All four kinds over many accounts with three workspaces each, at a constant rate of event time, against the same with
 * chats alone; and whether an event costs more the more there were.
 */
export async function mixed(session: Session, { sizes, accounts, cacheMB }: MixedOptions): Promise<void> {
  const { bench, recorder } = session;
  session.forgetAccounts();
  const base = 'many_accounts';
  const names = Array.from({ length: accounts }, (_, n) => mixedAccount(n));
  await bench.publishAccounts(base, { names, plan: planOf });
  await bench.learnAccounts(base);
  const nodeOptions = [...NODE_OPTIONS, ...session.how.nodeOptions];
  const engine = { ...session.how, base, nodeOptions, env: { ACCOUNT_CACHE_MB: String(cacheMB) } };
  const name = (size: number, kinds: readonly Kind[]): string =>
    `${kinds.length === 1 ? 'chats alone' : 'four kinds'}, ${short(size)}, cache of ${cacheMB} MB, memory to spare`;
  const [smallest] = sizes;
  for (const size of sizes) {
    for (const kinds of [KINDS.slice(0, 1), KINDS]) {
      const target = await fillMixed(session, engine, { size, accounts, kinds });
      await session.rounds([name(size, kinds)], (what) =>
        drain(bench, what, target, { ...engine, processes: 1 }),
      );
    }
    const what = name(size, KINDS);
    recorder.compare({
      what,
      against: name(size, KINDS.slice(0, 1)),
      figure: 'perSecondFromReady',
      title: 'rate, of that of chats alone',
      goal: '≥ 0.8',
    });
    if (smallest === undefined || size === smallest) continue;
    const against = name(smallest, KINDS);
    const title = 'CPU per event, of that at the smaller size';
    recorder.compare({ what, against, figure: 'cpu', title, goal: 'about 1' });
  }
  session.forgetAccounts();
}

async function fillMixed(
  { bench }: Session,
  { base }: EngineOptions,
  { size, accounts, kinds }: { size: number; accounts: number; kinds: readonly Kind[] },
): Promise<Target> {
  const topics = kinds.map(topicOf);
  await bench.emptyTopics(KINDS.map(topicOf));
  bench.migrate(base);
  const hours = Math.max(1, Math.ceil((size / 1e6) * HOURS_PER_MILLION));
  const from = (Math.floor(Date.now() / HOUR_MS) - hours) * HOUR_MS;
  const oracle = new MixedOracle(from);
  const ids = new Map<InputTopic, number>();
  for (const topic of topics) ids.set(topic, await bench.schemaId(topic));
  const events = mixedEvents({ events: size, accounts, kinds, seed: 42, from, hours });
  await fillAll(bench.kafka, ids, heard(events, oracle));
  return { topics, records: oracle.records, differences: (db) => oracle.differences(db) };
}

function topicOf(kind: Kind): InputTopic {
  return `platform.${kind}.v1`;
}

/** The events as they are published, each shown to the oracle. */
function* heard(
  events: Iterable<MixedEvent>,
  oracle: MixedOracle,
): Generator<{ topic: InputTopic; record: MixedEvent['record'] }> {
  for (const event of events) {
    oracle.take(event);
    yield { topic: topicOf(event.kind), record: event.record };
  }
}
