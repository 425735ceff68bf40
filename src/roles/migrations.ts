import type { ConfigFor } from '../config/environment.js';
import { createKafka } from '../kafka/client.js';
import { createMissingTopics } from '../kafka/createTopics.js';
import { Registry } from '../kafka/registry.js';
import { migrateDatabase } from '../postgres/migrate.js';
import type { Log } from '../support/log.js';
import { waitOut } from '../support/outage.js';

/** What was missing and is there now; empty lists when everything was in place. */
export interface MigrationReport {
  /** Names of the database migrations applied. */
  readonly database: readonly string[];
  readonly topics: readonly string[];
  readonly subjects: readonly string[];
  readonly warnings: readonly string[];
}

export type MigrationConfig = ConfigFor<['kafka', 'registry', 'database']>;

/**
 * Brings database schema, topics and registry subjects up to this release. Doing it again changes nothing; any number
 * of processes may do it at once. Waits for servers that are not up yet; throws an `ExpectedError` when one
 * refuses, and the signal's reason when aborted.
 */
export async function migrateEverything(
  config: MigrationConfig,
  log: Log,
  signal?: AbortSignal,
): Promise<MigrationReport> {
  const failed = new AbortController();
  const waiting = {
    signal: AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]),
    onWaiting: (message: string) => log.warn(message),
  };
  const kafka = createKafka(config.kafka, 'fair-use-migrate', log);
  const registry = new Registry(config.registryUrl);
  // None needs what another brings.
  const [database, topics, subjects] = await Promise.all([
    waitOut(databaseName(config.databaseUrl), () => migrateDatabase(config.databaseUrl), waiting),
    waitOut(
      `Kafka at ${config.kafka.brokers.join(',')}`,
      () => createMissingTopics(kafka, config.topics),
      waiting,
    ),
    waitOut(
      `the schema registry at ${new URL(config.registryUrl).host}`,
      () => registry.registerMissing(),
      waiting,
    ),
  ]).finally(() => {
    failed.abort();
  });
  for (const warning of topics.warnings) log.warn(warning);
  return { database, topics: topics.created, subjects, warnings: topics.warnings };
}

/** Where the database is, without its credentials. */
function databaseName(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `the database${host === '' ? '' : ` at ${host}`}${pathname}`;
}
