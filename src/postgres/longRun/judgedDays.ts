import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';
import { dateOf } from './usageDays.js';

/** The last UTC day (numbered from 1970-01-01) that was judged; null: none ever was. */
export async function lastJudgedDay(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ day: number | null }>(
    "select max(day) - date '1970-01-01' as day from long_run_days where judged_at is not null",
  );
  return rows[0]?.day ?? null;
}

/** The days from `first` on whose use was summed. */
export async function summedDays(db: Queryable, first: number): Promise<Set<number>> {
  const { rows } = await db.query<{ day: number }>(
    `select day - date '1970-01-01' as day from long_run_days
     where summed_at is not null and day >= $1::date`,
    [dateOf(first)],
  );
  return new Set(rows.map(({ day }) => day));
}

/** Notes that the use of days was summed, at `now` (epoch ms). */
export async function markSummed(db: Queryable, days: readonly number[], now: number): Promise<void> {
  await db.query(
    `insert into long_run_days (day, summed_at) select unnest($1::date[]), $2
     on conflict (day) do update set summed_at = excluded.summed_at`,
    [days.map(dateOf), timestamp(now)],
  );
}

/** What a day's comparison came to. */
export interface DayOutcome {
  readonly compared: number;
  readonly outliers: number;
}

/**
 * Notes that a day is judged, in the transaction that records what came of it. False: it was before, and the caller has
 * nothing to record.
 */
export async function claimDay(
  tx: Queryable,
  day: number,
  { compared, outliers }: DayOutcome,
  now: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into long_run_days as d (day, judged_at, compared, outliers) values ($1::date, $2, $3, $4)
     on conflict (day) do update
       set judged_at = excluded.judged_at, compared = excluded.compared, outliers = excluded.outliers
     where d.judged_at is null`,
    [dateOf(day), timestamp(now), compared, outliers],
  );
  return rowCount === 1;
}

/** The accounts whose run of outlier days has not ended. */
export async function accountsInRun(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ account_id: string }>(
    "select account_id from violations where rule = 'long-run-average' and closed_at is null",
  );
  return rows.map(({ account_id }) => account_id);
}
