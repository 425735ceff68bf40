import pg from 'pg';
import type { Expected } from './oracle.js';

const SHOWN = 5;

/**
 * Compares everything that was counted with the oracle: every hour's figure and peak, every crossing with its cause, and
 * that what lies below them (seen ids, buckets, offsets) adds up to the same. Returns the differences; none is right.
 */
export async function differences(db: pg.Pool, expected: Expected): Promise<string[]> {
  const found: string[] = [];
  const say = (what: string, is: unknown, wanted: unknown): void => {
    if (String(is) !== String(wanted)) found.push(`${what}: ${String(is)}, not ${String(wanted)}`);
  };
  const hours = await db.query<{ key: string; used: string; peak: string }>(
    `select account_id || '/' || (extract(epoch from window_start) * 1000)::int8 as key, used, peak_60m as peak
     from reporting.usage_windows where rule = 'chats-per-hour'`,
  );
  say('hours', hours.rows.length, expected.hours.size);
  for (const { key, used, peak } of hours.rows) {
    const hour = expected.hours.get(key);
    say(key, [used, peak], [hour?.used, hour?.peak]);
  }
  const crossings = await db.query<{ key: string; used: string; cause: string }>(
    `select account_id || '/' || (extract(epoch from window_start) * 1000)::int8 || '/' || level as key, used,
       cause_event_id as cause
     from reporting.crossings where rule = 'chats-per-hour'`,
  );
  say('crossings', crossings.rows.length, expected.crossings.size);
  for (const { key, used, cause } of crossings.rows) {
    const crossing = expected.crossings.get(key);
    say(`crossing ${key}`, [used, cause], [crossing?.used, crossing?.cause]);
  }
  const { rows } = await db.query<{ ids: string; letters: string; violations: string; outbox: string }>(
    `select (select coalesce(sum(length(counted)), 0) / 16 from seen_ids) as ids,
       (select count(*) from dead_letters) as letters,
       (select count(*) from violations where rule = 'chats-per-hour') as violations,
       (select count(*) from outbox where topic = 'fair-use.violations.v1') as outbox`,
  );
  const [sums] = rows;
  say('seen ids', sums?.ids, expected.counted);
  say('dead letters', sums?.letters, 0);
  say('violations on their way', sums?.outbox, sums?.violations);
  return found.length > SHOWN ? [...found.slice(0, SHOWN), `and ${found.length - SHOWN} more`] : found;
}
