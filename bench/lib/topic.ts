import { readFileSync } from 'node:fs';
import type { Bench } from './bench.js';
import { fill } from './fill.js';
import { Oracle, type Expected } from './oracle.js';
import type { GeneratorSettings, Peer } from './peer.js';
import { readTopic } from './readTopic.js';
import { accountName, chats, type Chat } from './workload.js';

export const CHATS = 'platform.chats.v1';
const HOUR_MS = 3_600_000;
const ACCOUNTS = 10_000;

export const WORKLOAD_ACCOUNTS = {
  names: Array.from({ length: ACCOUNTS }, (_, n) => accountName(n)),
  plan: 'pro',
};

/** The latest six whole hours that lie in one UTC month and end before now: no engine takes them for late. */
export function recentHours(now: number): number {
  const from = Math.floor(now / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;
  const month = (instant: number): number => new Date(instant).getUTCMonth();
  if (month(from) === month(from + 6 * HOUR_MS - 1)) return from;
  const at = new Date(now);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1) - 6 * HOUR_MS;
}

/** A topic full of chats, and what has to come out. */
export interface Filled {
  readonly workload: GeneratorSettings;
  readonly expected: Expected;
}

export interface FillSettings {
  readonly base: string;
  readonly events: number;
  readonly seed: number;
  readonly from: number;
}

/**
 * Empties the topic of chats and fills it: by the peer's generator where there is a peer, else by our own of the same
 * kind. What must come out is recounted from the topic itself, and held against the generator's oracle.
 */
export async function fillChats(
  bench: Bench,
  peer: Peer | null,
  { base, events, seed, from }: FillSettings,
): Promise<Filled> {
  await bench.emptyTopics([CHATS]);
  bench.migrate(base);
  const schemaId = await bench.schemaId(CHATS);
  const workload = { events, seed, from, topic: CHATS, schemaId };
  const theirs = peer === null ? null : await peer.fill(workload);
  if (peer === null) {
    await fill(bench.kafka, CHATS, schemaId, chats({ events, accounts: ACCOUNTS, seed, from }));
  }
  const oracle = new Oracle(from);
  await readTopic(bench.kafka, CHATS, (value) => {
    oracle.take(value as Chat);
  });
  const expected = oracle.expected();
  if (theirs !== null) agree(expected, theirs);
  console.error(
    `${expected.records} events, ${expected.counted} to count, ${expected.hours.size} hours, ` +
      `${expected.crossings.size} crossings`,
  );
  return { workload, expected };
}

/** Throws unless the generator's oracle (account, H, start of hour, figure) has the same hours with the same figures. */
function agree({ hours }: Expected, file: string): void {
  const theirs = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, kind]) => kind === 'H');
  const same = theirs.every(([account, , start, used]) => {
    return hours.get(`${account ?? ''}/${start ?? ''}`)?.used === Number(used);
  });
  if (!same || theirs.length !== hours.size) throw new Error(`the oracle does not agree with ${file}`);
}
