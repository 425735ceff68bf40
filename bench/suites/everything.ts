import type { Session } from '../lib/session.js';
import { crashes, drains, memory, scaling } from './chats.js';
import { growth } from './growth.js';
import { latencies, type LatencyOptions } from './latency.js';
import { mixed } from './mixed.js';

const ACCOUNTS = 100_000;
/** So that the accounts fit: less would measure how fast they are read again. */
const CACHE_MB = 3_000;
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
  await session.part(() => drains(session, small, 1));
  await session.part(() => crashes(session, small, null));
  await session.part(() => drains(session, large, 1));
  await session.part(() => scaling(session, large, [1, 2, 4]));
  session.once();
  await session.part(() => crashes(session, large, small));
  await session.part(() => memory(session, large));
  session.often();
  await session.part(() => latencies(session, latency));
  session.once();
  await session.part(() => growth(session, { months, perMonth: PER_MONTH }));
  const sizes = [small, largest];
  await session.part(() => mixed(session, { sizes, accounts: ACCOUNTS, cacheMB: CACHE_MB }));
}
