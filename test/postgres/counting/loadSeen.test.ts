import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { lookUpByKey } from '../../../src/postgres/counting/byKey.js';
import { loadSeen } from '../../../src/postgres/counting/loadUsage.js';
import { appendSeen } from '../../../src/postgres/counting/writeUsage.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { ensureSeenPartitions } from '../../../src/postgres/partitions.js';
import { createPool } from '../../../src/postgres/pool.js';
import { transaction, type Queryable } from '../../../src/postgres/transaction.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';

const MONTHS = ['2024-10-01', '2024-11-01'] as const;
const ACCOUNTS = Array.from({ length: 2_000 }, (_, n) => `account-${n}`);

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('load_seen');
  await migrateDatabase(database.url);
  pool = createPool(database.url, 1, () => undefined);
  await ensureSeenPartitions(pool, MONTHS);
  await appendSeen(
    pool,
    ACCOUNTS.flatMap((accountId, n) => [
      { accountId, month: MONTHS[0], seq: 0, ids: Buffer.alloc(16, n) },
      { accountId, month: MONTHS[0], seq: 1, ids: Buffer.alloc(32, n) },
      { accountId, month: MONTHS[1], seq: 0, ids: Buffer.alloc(48, n) },
    ]),
  );
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('loadSeen', () => {
  it('brings every chunk of the months that are named of an account, and no other', async () => {
    const chunks = await loadSeen(pool, [
      { accountId: 'account-1', month: MONTHS[0] },
      { accountId: 'account-3', month: MONTHS[1] },
      { accountId: 'account-3', month: '2024-12-01' },
      { accountId: 'nobody', month: MONTHS[0] },
    ]);
    const found = chunks.map(({ account_id, month, seq, ids }) => [
      account_id,
      month,
      seq,
      ids.toString('hex'),
    ]);
    expect(found.sort()).toEqual([
      ['account-1', '2024-10-01', 0, '01'.repeat(16)],
      ['account-1', '2024-10-01', 1, '01'.repeat(32)],
      ['account-3', '2024-11-01', 0, '03'.repeat(48)],
    ]);
  });

  it('asks for nothing where nothing is named', async () => {
    expect(await loadSeen(pool, [])).toEqual([]);
  });

  it('looks each of them up by its key, whatever is believed of a partition that is new', async () => {
    const wanted = ACCOUNTS.slice(0, 300).map((accountId) => ({ accountId, month: MONTHS[0] }));
    const plan = await transaction(pool, async (tx) => {
      await lookUpByKey(tx);
      const explaining = {
        query: (text: string, values: unknown[]) => tx.query(`explain (format json) ${text}`, values),
      } as unknown as Queryable;
      return JSON.stringify(await loadSeen(explaining, wanted));
    });
    expect(plan).toContain('(account_id = w.account_id)');
    expect(plan).toContain('"Index Cond"');
    expect(plan).not.toContain('Join Filter');
  });
});
