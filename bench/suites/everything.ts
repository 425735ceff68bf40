import type { Session } from '../lib/session.js';
import { crashes, drains, memory, scaling } from './chats.js';
import { growth } from './growth.js';
import { latencies, type LatencyOptions } from './latency.js';
import { mixed } from './mixed.js';

const ACCOUNTS = 100_000;
const CACHE_MB = 512;
const PER_MONTH = 20_000;

/**
 * Every run of the table, in an order in which a topic is filled once. What takes minutes, and is held against another run
 * or a bound rather than against noise, is run once.
 */
export async function everything(
  session: Session,
  [small = 1_000_000, large = 5_000_000, largest = 20_000_000]: readonly number[],
  months: number,
  latency: LatencyOptions,
): Promise<void> {
  await drains(session, small, 1);
  await crashes(session, small, null);
  await scaling(session, small, [1, 2, 4]);
  await drains(session, large, 1);
  session.once();
  await crashes(session, large, small);
  await memory(session, large);
  session.often();
  await latencies(session, latency);
  session.once();
  await growth(session, { months, perMonth: PER_MONTH });
  await mixed(session, { sizes: [small, largest], accounts: ACCOUNTS, cacheMB: CACHE_MB });
}
