import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { migrateDatabase } from '../../src/postgres/migrate.js';
import { createPool } from '../../src/postgres/pool.js';
import { writeMember } from '../../src/postgres/presence.js';
import { Presence } from '../../src/roles/presence.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';
import { until } from '../support/until.js';

const GROUP = 'group';

describe('the presence of a process', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  const living: Presence[] = [];
  beforeAll(async () => {
    database = await freshDatabase('presence');
    await migrateDatabase(database.url);
    pool = createPool(database.url, 12, () => undefined);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(() => pool.query('delete from group_members'));
  afterEach(async () => {
    await Promise.all(living.splice(0).map((presence) => presence.stop()));
  });

  /** A process that has joined the group; its number. */
  async function member(memberId: string): Promise<{ presence: Presence; number: number }> {
    const presence = process();
    const number = await presence.number();
    await writeMember(pool, GROUP, number, memberId);
    return { presence, number };
  }

  function process(): Presence {
    const presence = new Presence(pool);
    living.push(presence);
    return presence;
  }

  async function holders(number: number): Promise<number[]> {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and objid = $1 and granted
       and database = (select oid from pg_database where datname = current_database())`,
      [number],
    );
    return rows.map(({ pid }) => pid);
  }

  async function die({ presence, number }: { presence: Presence; number: number }): Promise<void> {
    await presence.stop();
    await until(async () => (await holders(number)).length === 0);
  }

  async function deadFor(presence: Presence, group = GROUP): Promise<string[]> {
    const seen: string[] = [];
    await presence.withDead(group, (dead) => {
      seen.push(...dead.map(({ memberId }) => memberId));
      return Promise.resolve();
    });
    return seen.sort();
  }

  it('shows who has died, of the group alone, once', async () => {
    const [first, second, third] = [await member('m1'), await member('m2'), await member('m3')];
    await writeMember(pool, 'another', first.number, 'm4');
    expect(await deadFor(third.presence)).toEqual([]);
    await die(first);
    await die(second);
    expect(await deadFor(third.presence)).toEqual(['m1', 'm2']);
    expect(await deadFor(third.presence)).toEqual([]);
    expect(await deadFor(third.presence, 'another')).toEqual(['m4']);
  });

  it('leaves the dead to one process at a time, and to the next one when that fails', async () => {
    const dead = await member('m1');
    await die(dead);
    const [one, other] = [process(), process()];
    const failing = one.withDead(GROUP, async () => {
      expect(await deadFor(other)).toEqual([]);
      throw new Error('the broker is away');
    });
    await expect(failing).rejects.toThrow('the broker is away');
    expect(await deadFor(other)).toEqual(['m1']);
  });

  it('holds on to its number when its session breaks', async () => {
    const { number } = await member('m1');
    const other = process();
    await other.number();
    const [before] = await holders(number);
    await pool.query('select pg_terminate_backend($1)', [before]);
    await until(async () => {
      const [after] = await holders(number);
      return after !== undefined && after !== before;
    });
    expect(await deadFor(other)).toEqual([]);
  });
});
