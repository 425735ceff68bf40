import pg from 'pg';
import { until } from '../../support/until.js';

/**
 * Forces two transactions into one another: `first` is held between its last rows and its commit, `second` begins and
 * comes as far as waiting for it, then both go on. Every transaction that changes an account ends by moving the version
 * of the account, and that is what is held.
 */
export async function meanwhile<A, B>(
  url: string,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  const waiting = async (): Promise<number> => {
    const { rows } = await holder.query<{ n: string }>(
      `select count(*) as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return Number(rows[0]?.n);
  };
  try {
    // Rows can still be locked under this, as everybody does first, but not changed.
    await holder.query('begin; lock table account_heads in share mode');
    const one = first();
    one.catch(() => undefined);
    await until(async () => (await waiting()) === 1);
    const other = second();
    other.catch(() => undefined);
    await until(async () => (await waiting()) === 2);
    await holder.query('commit');
    return await Promise.allSettled([one, other]);
  } finally {
    await holder.end();
  }
}
