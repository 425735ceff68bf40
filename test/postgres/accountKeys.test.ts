import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrateDatabase } from '../../src/postgres/migrate.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';

// One row a partition, a day, a version: whoever shards keeps these on one node or copies them to all.
const WITHOUT_ACCOUNT = [
  'dead_letters',
  'group_members',
  'input_losses',
  'input_offsets',
  'knex_migrations',
  'knex_migrations_lock',
  'long_run_days',
  'policy_versions',
  'seen_ids_horizon',
];

describe('tables with account data', () => {
  let database: FreshDatabase;
  let db: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase('keys');
    await migrateDatabase(database.url);
    db = new pg.Client({ connectionString: database.url });
    await db.connect();
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  it('have keys that begin with the account, so that they can be sharded by it', async () => {
    const { rows } = await db.query<{ key: string; first: string }>(
      `select i.indexrelid::regclass::text as key, a.attname as first
       from pg_index i
       join pg_class t on t.oid = i.indrelid and t.relkind in ('r', 'p') and not t.relispartition
       join pg_namespace n on n.oid = t.relnamespace and n.nspname not like 'pg\\_%'
       join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
       where i.indisunique
         and exists (select from pg_attribute c where c.attrelid = t.oid and c.attname = 'account_id' and not c.attisdropped)`,
    );
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(({ first }) => first !== 'account_id')).toEqual([]);
  });

  it('are all tables but those that are named here', async () => {
    const { rows } = await db.query<{ name: string }>(
      `select t.relname as name from pg_class t join pg_namespace n on n.oid = t.relnamespace
       where t.relkind in ('r', 'p') and not t.relispartition and n.nspname not in ('information_schema')
         and n.nspname not like 'pg\\_%'
         and not exists (select from pg_attribute c where c.attrelid = t.oid and c.attname = 'account_id')
       order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(WITHOUT_ACCOUNT);
  });
});
