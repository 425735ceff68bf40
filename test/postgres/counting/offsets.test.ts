import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import {
  loadPositions,
  moveOffsets,
  OffsetMoved,
  saveEmptyRuns,
} from '../../../src/postgres/counting/offsets.js';
import { migrateDatabase } from '../../../src/postgres/migrate.js';
import { createPool } from '../../../src/postgres/pool.js';
import { transaction } from '../../../src/postgres/transaction.js';
import { freshDatabase, type FreshDatabase } from '../../support/stack.js';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('offsets');
  await migrateDatabase(database.url);
  pool = createPool(database.url, 2, () => undefined);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const topic = 'platform.chats.v1';
const move = (...steps: readonly [partition: number, expected: number, next: number][]): Promise<void> =>
  transaction(pool, (tx) =>
    moveOffsets(
      tx,
      steps.map(([partition, expected, next]) => ({
        topic,
        partition,
        expected,
        next,
        readUpTo: 0,
        lastDigest: Buffer.alloc(8),
      })),
    ),
  );
const positions = async (): Promise<(number | undefined)[]> => {
  const found = await loadPositions(
    pool,
    [0, 1, 2].map((partition) => ({ topic, partition })),
  );
  return [0, 1, 2].map((partition) => found.get(`${topic}/${partition}`)?.nextOffset);
};

describe('moving offsets', () => {
  it('moves those on record and those counted for the first time together, or none', async () => {
    await move([1, 0, 10]);
    await move([0, 7, 9], [1, 10, 20], [2, 0, 5]);
    expect(await positions()).toEqual([9, 20, 5]);
    await expect(move([0, 9, 12], [1, 10, 30], [2, 5, 6])).rejects.toBeInstanceOf(OffsetMoved);
    await expect(move([0, 0, 12])).rejects.toBeInstanceOf(OffsetMoved);
    expect(await positions()).toEqual([9, 20, 5]);
  });
});

describe('writing down what holds nothing', () => {
  const run = { topic: 'platform.tickets.v1', partition: 0, nextOffset: 5, generation: 0, until: 9 };
  const save = (begins: boolean): Promise<string[]> => saveEmptyRuns(pool, [{ ...run, begins }]);
  const nextOffset = async (): Promise<number | undefined> =>
    (await loadPositions(pool, [run])).get(`${run.topic}/0`)?.nextOffset;

  it('puts no partition on record behind records that may be in their first transaction', async () => {
    expect(await save(false)).toEqual([]);
    expect(await nextOffset()).toBeUndefined();
    expect(await save(true)).toEqual([`${run.topic}/0`]);
    expect(await nextOffset()).toBe(5);
    expect(await save(false)).toEqual([`${run.topic}/0`]);
    expect(await saveEmptyRuns(pool, [{ ...run, nextOffset: 6, begins: true }])).toEqual([]);
  });
});
