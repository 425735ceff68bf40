import type { Queryable } from './transaction.js';

const DAY_MS = 86_400_000;
/** Any constant: all processes that create or drop partitions must share it. */
export const PARTITION_LOCK = 7_210_332;

/** The UTC months (`YYYY-MM-01`) that events arriving about now may belong to, and some ahead. */
export function monthsAround(now: number): string[] {
  const months: string[] = [];
  const end = now + 100 * DAY_MS;
  const first = new Date(now - 40 * DAY_MS);
  for (let at = Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1); at < end; at = monthEnd(at)) {
    months.push(new Date(at).toISOString().slice(0, 10));
  }
  return months;
}

/** The first instant (epoch ms) after the UTC month that holds the instant. */
export function monthEnd(instant: number): number {
  return Date.UTC(new Date(instant).getUTCFullYear(), new Date(instant).getUTCMonth() + 1, 1);
}

export function partitionName(month: string): string {
  return `seen_ids_${month.slice(0, 7).replace('-', '_')}`;
}

/** The first month (`YYYY-MM-01`) whose seen ids were not dropped; null: none ever were. */
export async function droppedBefore(db: Queryable): Promise<string | null> {
  const { rows } = await db.query<{ month: string }>(
    "select to_char(dropped_before, 'YYYY-MM-DD') as month from seen_ids_horizon",
  );
  return rows[0]?.month ?? null;
}

/**
 * Makes sure that seen ids of the months have a partition; any number of processes may call it at once. A month that
 * was dropped is never made again: that fails.
 */
export async function ensureSeenPartitions(db: Queryable, months: readonly string[]): Promise<void> {
  for (const month of months) {
    const name = partitionName(month);
    const { rows } = await db.query('select to_regclass($1) as found', [name]);
    if ((rows[0] as { found: string | null }).found !== null) continue;
    const next = new Date(monthEnd(Date.parse(month))).toISOString().slice(0, 10);
    // One statement: the lock is held until the table is there.
    await db.query(
      `do $$ begin
         perform pg_advisory_xact_lock(${PARTITION_LOCK});
         if exists (select from seen_ids_horizon where dropped_before > date '${month}') then
           raise exception 'seen ids of ${month} were dropped';
         end if;
         create table if not exists ${name} partition of seen_ids for values from ('${month}') to ('${next}');
       end $$`,
    );
  }
}

/** The months (`YYYY-MM-01`) that have a partition, oldest first. */
export async function seenMonths(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'seen_ids'::regclass order by 1`,
  );
  return rows.map(({ name }) => `${name.slice('seen_ids_'.length).replace('_', '-')}-01`);
}

/**
 * For how many days from `now` (epoch ms) there are partitions without a gap; below 0: events of now have none.
 */
export function daysAhead(months: readonly string[], now: number): number {
  const there = new Set(months);
  let end = Date.parse(monthOfInstant(now));
  while (there.has(monthOfInstant(end))) end = monthEnd(end);
  return (end - now) / DAY_MS;
}

function monthOfInstant(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 7)}-01`;
}

/** Months whose partition is known to be there, so that the hot path asks once. */
export class SeenPartitions {
  private readonly known = new Set<string>();

  /** Makes the partitions ready; returns the months whose seen ids were dropped: nothing of them can be counted. */
  async ensure(db: Queryable, months: Iterable<string>): Promise<ReadonlySet<string>> {
    const wanted = [...new Set(months)];
    const horizon = wanted.length === 0 ? null : await droppedBefore(db);
    const dropped = wanted.filter((month) => horizon !== null && month < horizon);
    const missing = wanted.filter((month) => !this.known.has(month) && !dropped.includes(month));
    if (missing.length > 0) await ensureSeenPartitions(db, missing);
    for (const month of missing) this.known.add(month);
    return new Set(dropped);
  }
}
