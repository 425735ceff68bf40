import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import pg from 'pg';
import { migrateDatabase, requireMigrated } from '../../src/postgres/migrate.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';

const names = readdirSync('migrations')
  .map((file) => file.replace(/\.sql$/, ''))
  .sort();
let database: FreshDatabase;
let db: pg.Client;

beforeEach(async () => {
  database = await freshDatabase('migrations');
  db = new pg.Client({ connectionString: database.url });
  await db.connect();
});

afterEach(async () => {
  await db.end();
  await database.drop();
});

describe('the migrations of the database', () => {
  it('are all applied once, each by its name', async () => {
    expect(await migrateDatabase(database.url)).toEqual(names);
    expect(await migrateDatabase(database.url)).toEqual([]);
  }, 60_000);

  it('are not taken to be all there when one of them is missing, or one is not ours', async () => {
    await migrateDatabase(database.url);
    const last = 'select max(name) from knex_migrations';
    await db.query(`update knex_migrations set name = 'of_another_release' where name = (${last})`);
    await expect(migrateDatabase(database.url)).rejects.toThrow(/missing: of_another_release$/);
    await db.query(`delete from knex_migrations where name = 'of_another_release'`);
    // What it makes anew is gone already.
    await expect(migrateDatabase(database.url)).rejects.toThrow(/ - column "metric" does not exist$/);
  }, 60_000);

  it('are asked for by name where they are not to be applied', async () => {
    const [first = ''] = names;
    await expect(requireMigrated(database.url)).rejects.toThrow(names.join(', '));
    await migrateDatabase(database.url);
    await requireMigrated(database.url);
    await db.query(`insert into knex_migrations (name) values ('of_a_later_release')`);
    await requireMigrated(database.url);
    await db.query('delete from knex_migrations where name = $1', [first]);
    await expect(requireMigrated(database.url)).rejects.toThrow(
      `lacks migrations of this release: ${first}. Run`,
    );
  }, 60_000);
});
