import type pg from 'pg';

/** Size of the database with its indexes, MB. */
export async function sizeOf(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  return Number(rows[0]?.bytes ?? 0) / 1e6;
}
