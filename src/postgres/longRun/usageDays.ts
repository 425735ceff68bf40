import { DAY_MS } from '../../domain/judging/longRun/days.js';
import type { PlanInForce } from '../../domain/accounts/account.js';
import type { Metric } from '../../domain/policy/policy.js';
import type { Queryable } from '../transaction.js';

/** The columns of `usage_days`, named as the metrics. */
const METRICS = ['chats', 'sessions', 'tickets', 'upload_bytes'] as const satisfies readonly Metric[];

export interface KnownAccount {
  readonly accountId: string;
  readonly history: readonly PlanInForce[];
}

/** The next `limit` accounts after the one named (`''`: from the first on), in the database's order. */
export async function accountsAfter(db: Queryable, after: string, limit: number): Promise<KnownAccount[]> {
  const { rows } = await db.query<{ account_id: string; history: PlanInForce[] }>(
    'select account_id, history from accounts where account_id > $1 order by account_id limit $2',
    [after, limit],
  );
  return rows.map(({ account_id, history }) => ({ accountId: account_id, history }));
}

/** What an account used on a UTC day (numbered from 1970-01-01), by metric. */
export interface UsageDay {
  readonly accountId: string;
  readonly day: number;
  readonly used: Readonly<Record<Metric, number>>;
}

export async function writeUsageDays(db: Queryable, days: readonly UsageDay[]): Promise<void> {
  if (days.length === 0) return;
  await db.query(
    `insert into usage_days (account_id, day, ${METRICS.join(', ')})
     select account_id, date '1970-01-01' + day, ${METRICS.join(', ')}
     from unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[], $6::int8[])
       as d(account_id, day, ${METRICS.join(', ')})
     on conflict (account_id, day) do update set ${METRICS.map((m) => `${m} = excluded.${m}`).join(', ')}`,
    [
      days.map(({ accountId }) => accountId),
      days.map(({ day }) => day),
      ...METRICS.map((metric) => days.map(({ used }) => used[metric])),
    ],
  );
}

/** By account, what was used on each of the `days` days up to `day`, the first day first; only accounts that used anything. */
export async function loadUsageDays(
  db: Queryable,
  accountIds: readonly string[],
  metrics: readonly Metric[],
  { day, days }: { readonly day: number; readonly days: number },
): Promise<Map<string, Partial<Record<Metric, Float64Array>>>> {
  const first = day - days + 1;
  const figures = metrics.map((metric, n) => `array_agg(${metric}::float8) as used${n}`);
  const { rows } = await db.query<Record<string, unknown> & { account_id: string; offsets: number[] }>(
    `select account_id, array_agg(day - $2::date) as offsets, ${figures.join(', ')}
     from usage_days where account_id = any($1::text[]) and day between $2::date and $3::date
     group by account_id`,
    [accountIds, dateOf(first), dateOf(day)],
  );
  return new Map(
    rows.map((row) => [
      row.account_id,
      Object.fromEntries(
        metrics.map((metric, n) => [metric, spread(days, row.offsets, row[`used${n}`] as number[])]),
      ),
    ]),
  );
}

/** Deletes what lies before a day. */
export async function forgetUsageDays(db: Queryable, before: number): Promise<void> {
  await db.query('delete from usage_days where day < $1::date', [dateOf(before)]);
  await db.query('delete from long_run_days where day < $1::date', [dateOf(before)]);
}

/** A numbered UTC day as a value for a date parameter. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function spread(length: number, offsets: readonly number[], figures: readonly number[]): Float64Array {
  const all = new Float64Array(length);
  offsets.forEach((offset, n) => (all[offset] = figures[n] ?? 0));
  return all;
}
