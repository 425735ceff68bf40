import type pg from 'pg';
import { createPool } from '../postgres/pool.js';
import { ExpectedError } from '../support/expectedError.js';
import { isOutage, reasonOf } from '../support/outage.js';

/**
 * Works on the database for a person who waits for the answer: one that is down is said, not waited for.
 * @throws ExpectedError when the database is not to be reached
 */
export async function withDatabase<T>(databaseUrl: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = createPool(databaseUrl, 1, () => undefined);
  try {
    return await work(pool);
  } catch (error) {
    if (!isOutage(error)) throw error;
    throw new ExpectedError(`the database is not to be reached: ${reasonOf(error)}`, { cause: error });
  } finally {
    await pool.end().catch(() => undefined);
  }
}
