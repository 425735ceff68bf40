import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import pg from 'pg';
import { ExpectedError } from '../support/expectedError.js';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
// Any constant: all processes that migrate must share it.
const MIGRATION_LOCK = 7_210_331;
const CONNECT_WITHIN_MS = 5_000;
const NO_SUCH_TABLE = '42P01';

/** Forward-only SQL files, named without extension so that a build step never changes their names. */
const source: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(migrationNames()),
  getMigrationName: (name) => name,
  getMigration: (name) => {
    const sql = readFileSync(new URL(`${name}.sql`, MIGRATIONS), 'utf8');
    return Promise.resolve({
      up: async (knex: Knex) => {
        await knex.raw(sql.replaceAll('?', '\\?'));
      },
      down: () => Promise.reject(new Error('migrations only go forward')),
    });
  },
};

function migrationNames(): string[] {
  return readdirSync(MIGRATIONS)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.replace(/\.sql$/, ''))
    .sort();
}

const silent = (): void => undefined;

/** Brings the schema up to this release and returns the names of what was applied; any number may run at once. */
export async function migrateDatabase(databaseUrl: string): Promise<string[]> {
  // Nearly every start finds nothing to do, and knex takes longer to load than to ask.
  return (await isUpToDate(databaseUrl)) ? [] : migrate(databaseUrl);
}

/** Whether exactly this release's migrations were applied; of anything else it is knex that says what is wrong. */
async function isUpToDate(databaseUrl: string): Promise<boolean> {
  return isDeepStrictEqual((await appliedMigrations(databaseUrl)).sort(), migrationNames());
}

/**
 * Resolves when all of this release's migrations were applied. Others besides them are of a later release, and its schema
 * works with this one.
 * @throws ExpectedError naming those that were not
 */
export async function requireMigrated(databaseUrl: string): Promise<void> {
  const applied = new Set(await appliedMigrations(databaseUrl));
  const missing = migrationNames().filter((name) => !applied.has(name));
  if (missing.length === 0) return;
  throw new ExpectedError(
    `the database lacks migrations of this release: ${missing.join(', ')}. Run the command "migrate", or set AUTO_MIGRATE=true`,
  );
}

/** None where the database was never migrated. */
async function appliedMigrations(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  });
  client.on('error', silent);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('select name from knex_migrations');
    return rows.map(({ name }) => name);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === NO_SUCH_TABLE) return [];
    throw error;
  } finally {
    await client.end();
  }
}

async function migrate(databaseUrl: string): Promise<string[]> {
  const { default: knexFactory } = await import('knex');
  const knex = knexFactory({
    client: 'pg',
    connection: databaseUrl,
    pool: { min: 1, max: 2 },
    // What fails is thrown; knex would print it besides.
    log: { warn: silent, error: silent, debug: silent, deprecate: silent },
  });
  try {
    // knex's own first-time set-up races when two processes begin together.
    return await knex.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      const [, applied] = (await knex.migrate.latest({ migrationSource: source })) as [number, string[]];
      return applied;
    });
  } finally {
    await knex.destroy();
  }
}
