import type pg from 'pg';
import { LATE_HORIZON_MS, readByRule } from '../../domain/counting/readUpTo.js';
import type { Metric } from '../../domain/policy/policy.js';
import { freezeWindows } from '../../postgres/freezing.js';
import { forgetBuckets } from '../../postgres/retention/expired.js';
import { dropSeenMonths } from '../../postgres/seenMonths.js';

// A round does a bounded amount of work; the rest waits for the next one.
const BATCHES_A_ROUND = 10;
// At least 400 days are promised; a late event may ask for all of a year (366 days, 35 of lateness, its zone).
const BUCKETS_KEPT_MS = 410 * 86_400_000;

/**
 * What is final by the input read so far (`read`: by metric, epoch ms): windows are frozen once their late horizon was
 * read past, seen ids of a month dropped once it was on every topic, old buckets deleted. Returns the months dropped.
 */
export async function freeze(
  pool: pg.Pool,
  read: ReadonlyMap<Metric, number>,
  now: number,
): Promise<string[]> {
  const due = readByRule(read, LATE_HORIZON_MS);
  if (due.length > 0) await inBatches(() => freezeWindows(pool, due, now));
  const everything = Math.min(...read.values());
  if (!Number.isFinite(everything)) return [];
  await inBatches(() => forgetBuckets(pool, Math.min(everything, now) - BUCKETS_KEPT_MS));
  return dropSeenMonths(pool, everything);
}

async function inBatches(next: () => Promise<number>): Promise<void> {
  for (let batch = 0; batch < BATCHES_A_ROUND; batch += 1) if ((await next()) === 0) return;
}
