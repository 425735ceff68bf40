import { INPUT_TOPICS } from '../../../src/kafka/topics.js';
import { readEnds } from '../../../src/simulation/verify/readTopics.js';
import { until } from '../../e2e/world.js';
import type { Servers } from '../world/servers.js';
import { nextOffsets } from './offsets.js';

const WAITS: readonly (readonly [string, string])[] = [
  [
    'outbox rows to be published',
    'select count(*) from outbox where published_at is null and set_aside is null',
  ],
  ['dead letters to be published', 'select count(*) from dead_letters where published_at is null'],
  ['notices to end', "select count(*) from notifications where status = 'PENDING'"],
  ['deliveries to end', "select count(*) from deliveries where status in ('PENDING', 'SENDING')"],
];

/** What the engine has not done yet, in words. */
export async function unfinished(servers: Servers): Promise<string[]> {
  const next = await nextOffsets(servers);
  const ends = await readEnds(servers.kafka, INPUT_TOPICS);
  const behind = [...ends].flatMap(([name, end]) => {
    const counted = next.get(name) ?? 0;
    return counted >= end ? [] : [`${name} is counted up to ${counted} of ${end}`];
  });
  for (const [what, sql] of WAITS) {
    const [row] = await servers.rows<{ count: string }>(sql);
    if (Number(row?.count) > 0) behind.push(`${row?.count ?? '?'} ${what}`);
  }
  return behind;
}

/** Retries and leases run out at once: what would happen hours later happens now. */
export async function hurryMails(servers: Servers, leasesToo: boolean): Promise<void> {
  await servers.rows(`update deliveries set next_attempt_at = now() where status = 'PENDING'`);
  if (leasesToo) await servers.rows(`update deliveries set lease_until = now() where status = 'SENDING'`);
}

/** Waits until everything is read, published and mailed; throws with what is left. */
export async function untilSettled(servers: Servers, withinMs: number): Promise<void> {
  let left: string[] = [];
  let round = 0;
  const look = async (): Promise<boolean> => {
    round += 1;
    // Leases of processes that were killed; those of living ones end by themselves meanwhile.
    if (round % 40 === 0) await hurryMails(servers, round % 120 === 0);
    left = await unfinished(servers);
    return left.length === 0;
  };
  await until('the engine settles', () => look().catch(() => false), withinMs).catch(() => {
    throw new Error(`not settled within ${withinMs / 1000} s: ${left.join('; ')}`);
  });
}
