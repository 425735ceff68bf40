import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { freshDatabase, testStack, type FreshDatabase } from '../support/stack.js';
import { until } from '../support/until.js';

const LOCK = 815;
const MIGRATIONS = readdirSync(resolve('migrations')).filter((file) => file.endsWith('.sql'));

describe('migrate that is killed in the middle', () => {
  let database: FreshDatabase;
  let db: pg.Client;
  beforeAll(async () => {
    database = await freshDatabase('migrate_killed');
    db = new pg.Client({ connectionString: database.url });
    await db.connect();
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    NODE_OPTIONS: '',
    KAFKA_BROKERS: testStack().kafkaBrokers,
    SCHEMA_REGISTRY_URL: testStack().schemaRegistryUrl,
    DATABASE_URL: database.url,
  });
  const migrate = () => spawn(process.execPath, [resolve('dist/main.js'), 'migrate'], { env: env() });
  const count = async (sql: string): Promise<number> => (await db.query(sql)).rowCount ?? -1;

  // In the first migration, and in the last.
  it.each(['outbox', 'seen_ids_by_metric'])(
    'leaves nothing half done, and the next one does it all (killed at %s)',
    async (table) => {
      await db.query(
        'drop schema public cascade; drop schema if exists reporting cascade; create schema public',
      );
      await db.query(
        `create function hold() returns event_trigger language plpgsql as $$ begin
           if to_regclass('public.${table}') is not null then perform pg_advisory_xact_lock(${LOCK}); end if;
         end $$;
         create event trigger hold on ddl_command_end execute function hold();
         select pg_advisory_lock(${LOCK})`,
      );
      const doomed = migrate();
      const isHeld = `select from pg_locks where locktype = 'advisory' and objid = ${LOCK} and not granted`;
      await until(async () => (await count(isHeld)) === 1);
      doomed.kill('SIGKILL');
      await once(doomed, 'exit');
      // The next one comes while the session of the dead one still waits in its statement.
      const next = [migrate(), migrate()].map((child) => once(child, 'exit'));
      await until(
        async () =>
          (await count(`select from pg_stat_activity where wait_event_type = 'Lock'
        and datname = current_database()`)) > 1,
      );
      await db.query(`select pg_advisory_unlock(${LOCK}); drop event trigger hold`);
      expect((await Promise.all(next)).map(([code]) => code as unknown)).toEqual([0, 0]);
      expect(await count('select distinct name from knex_migrations')).toBe(MIGRATIONS.length);
      expect(await count('select from knex_migrations')).toBe(MIGRATIONS.length);
      expect(await count('select from reporting.usage_windows')).toBe(0);
    },
    120_000,
  );
});
