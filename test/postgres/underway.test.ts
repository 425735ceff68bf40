import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type pg from 'pg';
import { createPool } from '../../src/postgres/pool.js';
import { transaction } from '../../src/postgres/transaction.js';
import { overlapping, type Underway } from '../../src/postgres/underway.js';
import { isOutage } from '../../src/support/outage.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';

describe('statements that are on their way while the work goes on', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase('underway');
    pool = createPool(database.url, 2, () => undefined);
    await pool.query('create table noted (id int primary key)');
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const note = (tx: pg.PoolClient, id: number): Promise<unknown> =>
    tx.query('insert into noted (id) select $1::int from (select pg_sleep(0.02)) slow', [id]);
  const noted = async (): Promise<number[]> =>
    (await pool.query<{ id: number }>('select id from noted order by id')).rows.map(({ id }) => id);
  const together = <T>(work: (tx: pg.PoolClient, underway: Underway) => T | Promise<T>): Promise<T> =>
    transaction(pool, (tx) => overlapping((underway) => work(tx, underway)));

  it('have all ended when the work has', async () => {
    await together((tx, underway) => {
      for (const id of [1, 2, 3]) underway.send(note(tx, id));
    });
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('fail the work with the cause, not with what follows from it', async () => {
    const failing = together(async (tx, underway) => {
      underway.send(note(tx, 4));
      underway.send(note(tx, 1));
      underway.send(note(tx, 5));
      await underway.keepUp();
      // Refused by Postgres, since the one before failed.
      await note(tx, 6);
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('fail with the cause where one of several statements follows from what the work waited for', async () => {
    const failing = together(async (tx, underway) => {
      underway.send(note(tx, 4).then(() => note(tx, 5)));
      await note(tx, 1);
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    const sentFirst = together((tx, underway) => {
      underway.send(note(tx, 4).then(() => note(tx, 5)));
      underway.send(note(tx, 1));
    });
    await expect(sentFirst).rejects.toMatchObject({ code: '23505' });
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('are not kept with what they brought', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await overlapping(async (underway) => {
      const brought = await sentTo(underway);
      await turn();
      collect();
      expect(brought.deref()).toBeUndefined();
      await underway.keepUp();
    });
  });

  it('have ended when the work throws for a reason of its own', async () => {
    const ended: unknown[] = [];
    const failing = together((tx, underway) => {
      for (const id of [7, 8]) underway.send(note(tx, id).then(() => ended.push(id)));
      throw new Error('of its own');
    });
    await expect(failing).rejects.toThrow('of its own');
    expect(ended).toEqual([7, 8]);
    expect(await noted()).toEqual([1, 2, 3]);
  });

  it('are waited for one step late', async () => {
    const ended: number[] = [];
    const seen: number[][] = [];
    await together(async (tx, underway) => {
      for (const id of [10, 11, 12]) {
        underway.send(note(tx, id).then(() => ended.push(id)));
        await underway.keepUp();
        seen.push([...ended]);
      }
    });
    expect(seen).toEqual([[], [10], [10, 11]]);
    expect(ended).toEqual([10, 11, 12]);
  });

  it('fail with the connection, which is not used again', async () => {
    const failing = together(async (tx, underway) => {
      underway.send(tx.query('select pg_terminate_backend(pg_backend_pid())'));
      underway.send(note(tx, 20));
      await underway.keepUp();
      await note(tx, 21);
    });
    // What Postgres said last, or that nobody listens any more: whichever was noticed first.
    const error: unknown = await failing.catch((failure: unknown) => failure);
    expect(isOutage(error)).toBe(true);
    expect(await noted()).not.toContain(20);
    expect(pool.totalCount - pool.idleCount).toBe(0);
  });
});

/** Sends a statement that brings something, which nobody else holds when this is over. */
async function sentTo(underway: Underway): Promise<WeakRef<object>> {
  const statement = Promise.resolve({ rows: [1, 2, 3] });
  underway.send(statement);
  return new WeakRef(await statement);
}
