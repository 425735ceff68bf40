import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { bumpHeads, lockHeads } from '../../../src/postgres/counting/heads.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { transaction } from '../../../src/postgres/transaction.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';
import { until } from '../../support/until.js';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('heads');
  await migrateDatabase(database.url);
  pool = createPool(database.url, 4, () => undefined);
});
beforeEach(async () => {
  await pool.query('truncate account_heads');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Those of the accounts that nobody holds a lock of. */
async function free(): Promise<string[]> {
  const { rows } = await pool.query<{ account_id: string }>(
    'select account_id from account_heads for update skip locked',
  );
  return rows.map(({ account_id: id }) => id).sort();
}

describe('lockHeads', () => {
  it('tells the version of each account, 0 of those that were never seen', async () => {
    await transaction(pool, async (tx) => {
      expect(await lockHeads(tx, ['b', 'a', 'b'])).toEqual(
        new Map([
          ['a', 0],
          ['b', 0],
        ]),
      );
      await bumpHeads(tx, ['b']);
    });
    await transaction(pool, async (tx) => {
      expect([...(await lockHeads(tx, ['c', 'b', 'a']))]).toEqual([
        ['a', 0],
        ['b', 1],
        ['c', 0],
      ]);
      expect(await free()).toEqual([]);
    });
    expect(await free()).toEqual(['a', 'b', 'c']);
  });

  it('locks them in the order of JavaScript, not that of the database', async () => {
    // In bytes, as Postgres has it without a language, the fish comes last.
    const ids = ['a', '🐟', '～', '～～'];
    expect([...ids].sort()).toEqual(ids);
    await transaction(pool, (tx) => lockHeads(tx, ids));
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query(`select from account_heads where account_id = '～' for update`);
    const locking = transaction(pool, async (tx) => {
      const heads = await lockHeads(tx, [...ids].reverse());
      return [...heads];
    });
    // It waits for the lock that is held.
    await until(async () => {
      const { rowCount } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount === 1;
    });
    expect(await free()).toEqual(['～～']);
    await holder.query(`update account_heads set version = 7 where account_id = '～'`);
    await holder.query('commit');
    holder.release();
    expect(await locking).toEqual(ids.map((id) => [id, id === '～' ? 7 : 0]));
  });
});
