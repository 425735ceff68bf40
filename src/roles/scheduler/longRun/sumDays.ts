import type pg from 'pg';
import { plus } from '../../../domain/counting/slots.js';
import { dayOf, windowOfDay } from '../../../domain/judging/longRun/days.js';
import type { Metric } from '../../../domain/policy/policy.js';
import { loadRanges } from '../../../postgres/counting/loadUsage.js';
import { accountsAfter, writeUsageDays, type UsageDay } from '../../../postgres/longRun/usageDays.js';

const METRICS: readonly Metric[] = ['chats', 'sessions', 'tickets', 'upload_bytes'];
// A day of a busy account is a bucket for each hour and workspace.
const ACCOUNT_DAYS_AT_ONCE = 1_000;

/**
 * Sums what every account used on the days (ascending UTC days) from its buckets, a bounded number of accounts at once.
 * Figures only grow, so that summing again replaces them.
 */
export async function sumDays(
  session: pg.PoolClient,
  days: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const ranges = consecutive(days);
  const limit = Math.max(1, Math.floor(ACCOUNT_DAYS_AT_ONCE / Math.max(1, days.length)));
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const ids = (await accountsAfter(session, after, limit)).map(({ accountId }) => accountId);
    const last = ids.at(-1);
    if (last === undefined) return;
    await writeUsageDays(session, await sums(session, ids, ranges));
    after = last;
  }
}

async function sums(
  session: pg.PoolClient,
  ids: readonly string[],
  ranges: readonly { from: number; to: number }[],
): Promise<UsageDay[]> {
  const buckets = await loadRanges(
    session,
    ids.flatMap((accountId) =>
      METRICS.flatMap((metric) => ranges.map((range) => ({ accountId, metric, ...range }))),
    ),
  );
  const days = new Map<string, { accountId: string; day: number; used: Record<Metric, number> }>();
  for (const { accountId, metric, periodStart, pairs } of buckets) {
    const day = dayOf(periodStart);
    const key = `${day}/${accountId}`;
    let sum = days.get(key);
    if (sum === undefined) {
      sum = { accountId, day, used: { chats: 0, sessions: 0, tickets: 0, upload_bytes: 0 } };
      days.set(key, sum);
    }
    const counts = pairs.filter((_, n) => n % 2 === 1);
    sum.used[metric] = counts.reduce(plus, sum.used[metric]);
  }
  return [...days.values()];
}

/** Runs of days as ranges of time, [from, to) in epoch ms. */
function consecutive(days: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const day of days) {
    const { start, end } = windowOfDay(day);
    const last = ranges.at(-1);
    if (last?.to === start) last.to = end;
    else ranges.push({ from: start, to: end });
  }
  return ranges;
}
