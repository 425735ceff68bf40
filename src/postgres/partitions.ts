import type { Queryable } from './transaction.js';

const DAY_MS = 86_400_000;
// Any constant: all processes that create partitions must share it.
const PARTITION_LOCK = 7_210_332;

/** The UTC months (`YYYY-MM-01`) that events arriving about now may belong to, and some ahead. */
export function monthsAround(now: number): string[] {
  const months: string[] = [];
  const end = now + 100 * DAY_MS;
  const first = new Date(now - 40 * DAY_MS);
  for (let at = Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), 1); at < end;) {
    months.push(new Date(at).toISOString().slice(0, 10));
    at = Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1, 1);
  }
  return months;
}

/** Makes sure that seen ids of the months have a partition; any number of processes may call it at once. */
export async function ensureSeenPartitions(db: Queryable, months: readonly string[]): Promise<void> {
  for (const month of months) {
    const name = `seen_ids_${month.slice(0, 7).replace('-', '_')}`;
    const { rows } = await db.query('select to_regclass($1) as found', [name]);
    if ((rows[0] as { found: string | null }).found !== null) continue;
    const [year = 0, number = 0] = month.split('-').map(Number);
    const next = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10);
    // One statement string runs as one transaction: the lock is held until the table is there.
    await db.query(
      `select pg_advisory_xact_lock(${PARTITION_LOCK});
       create table if not exists ${name} partition of seen_ids for values from ('${month}') to ('${next}')`,
    );
  }
}

/** Months whose partition is known to be there, so that the hot path asks once. */
export class SeenPartitions {
  private readonly known = new Set<string>();

  async ensure(db: Queryable, months: Iterable<string>): Promise<void> {
    const missing = [...new Set(months)].filter((month) => !this.known.has(month));
    if (missing.length === 0) return;
    await ensureSeenPartitions(db, missing);
    for (const month of missing) this.known.add(month);
  }
}
