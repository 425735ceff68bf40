import type pg from 'pg';
import type { Context } from '../../domain/judging/context.js';
import { daysToJudge, daysToSum, newestDay, windowOfDay } from '../../domain/judging/longRun/days.js';
import { policyAt, type Metric, type PolicyVersion } from '../../domain/policy/policy.js';
import { lastJudgedDay, markSummed, summedDays } from '../../postgres/longRun/judgedDays.js';
import { forgetUsageDays } from '../../postgres/longRun/usageDays.js';
import { underLongRunLock } from '../../postgres/locks.js';
import { transactionOn } from '../../postgres/transaction.js';
import type { Log } from '../../support/log.js';
import { compareAccounts, type Comparison } from './longRun/compareAccounts.js';
import { recordDay } from './longRun/recordDay.js';
import { sumDays } from './longRun/sumDays.js';

const NOTHING: Comparison = { compared: 0, outliers: new Map() };
// Where the policy does not judge averages, no more than this is caught up on after an outage.
const DAYS_WITHOUT_TERMS = 90;
// After this a day's sums are final, and were summed once more.
const LATE_HORIZON_DAYS = 35;

export interface LongRunOptions {
  readonly pool: pg.Pool;
  readonly context: Context;
  readonly log: Log;
  /** Stops between two pieces of work; what is left is done by whoever comes next. */
  readonly signal: AbortSignal;
}

/**
 * Judges the averages of the UTC days that are over and read up to their end (`read`: by metric, epoch ms), each once and
 * in order, those missed in an outage included. Any number of schedulers may do it at once: one works, and each day
 * commits with what came of it. Returns the days judged here.
 */
export async function judgeLongRun(
  options: LongRunOptions,
  read: ReadonlyMap<Metric, number>,
): Promise<number[]> {
  const { pool, context } = options;
  const newest = newestDay(read, context.now);
  if (newest === null) return [];
  const { longRun } = versionOf(newest, context);
  const due = (lastJudged: number | null): number[] =>
    daysToJudge(lastJudged, newest, longRun?.days ?? DAYS_WITHOUT_TERMS);
  // Most rounds end here, without a session of their own.
  if (due(await lastJudgedDay(pool)).length === 0) return [];
  const judged = await underLongRunLock(pool, async (session) => {
    const days = due(await lastJudgedDay(session));
    for (const day of days) await judgeDay(session, day, options);
    return days;
  });
  return judged ?? [];
}

async function judgeDay(session: pg.PoolClient, day: number, options: LongRunOptions): Promise<void> {
  const { context, log, signal } = options;
  const version = versionOf(day, context);
  const terms = version.longRun;
  const began = performance.now();
  let comparison = NOTHING;
  if (terms !== null) {
    const days = daysToSum(await summedDays(session, day - terms.days + 1), day, terms.days);
    await sumDays(session, days, signal);
    await markSummed(session, days, context.now);
    comparison = await compareAccounts(session, { day, days: terms.days }, terms, version, signal);
  }
  const runs = await transactionOn(session, (tx) => recordDay(tx, day, version, comparison, context));
  if (terms === null) return;
  await forgetUsageDays(session, day - terms.days - LATE_HORIZON_DAYS);
  log.info(
    {
      day: new Date(windowOfDay(day).start).toISOString().slice(0, 10),
      compared: comparison.compared,
      outliers: comparison.outliers.size,
      ...runs,
      seconds: Math.round((performance.now() - began) / 100) / 10,
    },
    'averages over longer periods judged',
  );
}

/** The policy at the end of a day judges it. */
function versionOf(day: number, { policy }: Context): PolicyVersion {
  return policyAt(policy, windowOfDay(day).end - 1);
}
