import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { BinaryRows } from '../../src/postgres/binaryRows.js';
import { copyIn } from '../../src/postgres/copyIn.js';
import { createPool } from '../../src/postgres/pool.js';
import { transaction } from '../../src/postgres/transaction.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';

const TARGET = 'things (name, kind, day, at, number, amount, content)';

interface Thing {
  readonly name: string;
  readonly kind: 'small' | 'LARGE';
  readonly day: string;
  readonly at: number | null;
  readonly number: number;
  readonly amount: number | null;
  readonly content: Buffer;
}

const THING: Thing = {
  name: 'a',
  kind: 'small',
  day: '2026-11-01',
  at: Date.UTC(2026, 10, 26, 18, 30, 0, 123),
  number: 7,
  amount: 9,
  content: Buffer.from([1, 2, 3]),
};

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase('copy_in');
  pool = createPool(database.url, 2, () => undefined);
});
beforeEach(async () => {
  await pool.query(`
    drop table if exists things;
    drop type if exists kind;
    create type kind as enum ('small', 'LARGE');
    create table things (name text primary key, kind kind not null, day date not null, at timestamptz, number int not null,
      amount bigint, content bytea not null)`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function rowsOf(things: readonly Thing[]): BinaryRows {
  const rows = new BinaryRows(7, 1);
  for (const { name, kind, day, at, number, amount, content } of things) {
    rows.row();
    rows.text(name);
    rows.text(kind);
    rows.date(day);
    rows.timestamptz(at);
    rows.int4(number);
    rows.int8(amount);
    rows.bytea(content);
  }
  return rows;
}

async function stored(): Promise<Thing[]> {
  return (await pool.query<Thing>('select *, day::text as day from things order by name')).rows;
}

async function names(): Promise<string[]> {
  return (await stored()).map(({ name }) => name);
}

describe('copyIn', () => {
  it('stores what was laid out, whatever its length', async () => {
    const things: Thing[] = [
      THING,
      { ...THING, name: 'b', kind: 'LARGE', at: null, amount: null, content: Buffer.alloc(0) },
      { ...THING, name: 'c – Grüße, 世界 🐟', day: '1999-12-31', at: -1, number: -2_147_483_648, amount: -1 },
      { ...THING, name: 'd', day: '1970-01-01', at: 253_402_300_799_999, amount: Number.MAX_SAFE_INTEGER },
      { ...THING, name: 'e'.repeat(3_000), content: Buffer.alloc(70_000, 5) },
      { ...THING, name: 'ü'.repeat(5_000), number: 2_147_483_647, at: 0, amount: 0 },
    ];
    await copyIn(pool, TARGET, rowsOf(things));
    expect(await stored()).toEqual(things);
  });

  it('stores as many rows as there are', async () => {
    const things = Array.from({ length: 5_000 }, (_, n) => ({
      ...THING,
      name: String(10_000 + n),
      number: n,
    }));
    await copyIn(pool, TARGET, rowsOf(things));
    expect(await stored()).toEqual(things);
  });

  it('sends nothing where there is nothing to store', async () => {
    await copyIn(pool, 'no_such_table (name)', new BinaryRows(1, 0));
  });

  it('lets other statements be on their way before and behind it', async () => {
    await transaction(pool, async (tx) => {
      const [, , , counted] = await Promise.all([
        tx.query(`insert into things values ('first', 'small', now(), null, 1, null, '')`),
        copyIn(tx, TARGET, rowsOf([THING])),
        copyIn(tx, TARGET, rowsOf([{ ...THING, name: 'b' }])),
        tx.query<{ n: number }>('select count(*) as n from things where number = any($1)', [[1, 7]]),
      ]);
      expect(counted.rows).toEqual([{ n: 3 }]);
    });
    expect(await names()).toEqual(['a', 'b', 'first']);
  });

  it('fails with 23505 where a key is there, and leaves the session in order', async () => {
    await copyIn(pool, TARGET, rowsOf([THING]));
    const many = Array.from({ length: 2_000 }, (_, n) => ({ ...THING, name: String(10_000 + n) }));
    const session = await pool.connect();
    try {
      await session.query('begin');
      const ends = await Promise.allSettled([
        copyIn(session, TARGET, rowsOf([{ ...THING, name: 'b' }])),
        copyIn(session, TARGET, rowsOf([{ ...THING, number: 8 }, ...many])),
        copyIn(session, TARGET, rowsOf(many)),
        session.query('select 1'),
      ]);
      const codes = ends.map((end) =>
        end.status === 'rejected' ? (end.reason as { code: string }).code : 'ok',
      );
      expect(codes).toEqual(['ok', '23505', '25P02', '25P02']);
      await session.query('rollback');
      await copyIn(session, TARGET, rowsOf([{ ...THING, name: 'c' }]));
    } finally {
      session.release();
    }
    expect(await names()).toEqual(['a', 'c']);
  });

  it('fails when the connection breaks, and does not wait for ever', async () => {
    const session = await pool.connect();
    const failures: Error[] = [];
    session.on('error', (error) => failures.push(error));
    const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    const blocker = await pool.connect();
    await blocker.query('begin');
    await blocker.query('lock table things');
    const copying = copyIn(session, TARGET, rowsOf([THING]));
    const ended = expect(copying).rejects.toMatchObject({ code: '57P01' });
    await blocker.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await blocker.query('rollback');
    blocker.release();
    session.release(true);
    expect(await names()).toEqual([]);
  });
});
