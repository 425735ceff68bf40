import type { Admin } from 'kafkajs';
import type pg from 'pg';
import { INPUT_TOPICS } from '../../kafka/topics.js';

/** What the terminal shows, read from the reporting views and the broker. */
export interface Figures {
  /** Records counted, dead-lettered or parked so far. */
  readonly read: number;
  /** Records in the log that were not read yet. */
  readonly lag: number;
  readonly accounts: number;
  /** Accounts with an open window at 80 % of its limit or more. */
  readonly near: number;
  readonly violations: number;
  readonly overages: number;
  readonly deadLetters: number;
  readonly sent: number;
  readonly pending: number;
  readonly suppressed: number;
}

export interface Happening {
  readonly at: number;
  readonly text: string;
}

const NEAR = `select count(distinct account_id) from reporting.usage_windows
  where limit_value is not null and window_end > $1 and coalesce(peak_60m, used) * 100 >= limit_value * 80`;

export async function readFigures(pool: pg.Pool, admin: Admin, now: number): Promise<Figures> {
  const { rows } = await pool.query<Record<keyof Omit<Figures, 'lag'>, number>>(
    `select
       (select coalesce(sum(next_offset), 0)::int8 from reporting.progress) as read,
       (select count(*) from accounts) as accounts,
       (${NEAR}) as near,
       (select count(*) from reporting.violations) as violations,
       (select count(*) from reporting.overages) as overages,
       (select count(*) from reporting.dead_letters) as "deadLetters",
       (select count(*) from reporting.notifications where status = 'SENT') as sent,
       (select count(*) from reporting.notifications where status = 'PENDING') as pending,
       (select count(*) from reporting.notifications where status = 'SUPPRESSED') as suppressed`,
    [new Date(now).toISOString()],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the figures have no row');
  const ends = await Promise.all(INPUT_TOPICS.map((topic) => admin.fetchTopicOffsets(topic)));
  const end = ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
  return { ...row, lag: Math.max(0, end - row.read) };
}

export function format(count: number): string {
  return count.toLocaleString('en-GB');
}
