import { readConfig } from '../config/environment.js';
import { migrateEverything, type MigrationReport } from '../roles/migrations.js';
import { createLog } from '../support/log.js';

/** Migrates database, topics and registry subjects and prints what was done. */
export async function migrate(
  env: NodeJS.ProcessEnv,
  stdout: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  const config = readConfig(env, ['kafka', 'registry', 'database']);
  const report = await migrateEverything(config, createLog(config.logLevel, 'migrate'), signal);
  stdout.write(describe(report));
}

function describe({ database, topics, subjects, warnings }: MigrationReport): string {
  const line = (what: string, done: readonly string[]): string =>
    `${what}: ${done.length === 0 ? 'up to date' : done.join(', ')}\n`;
  return [
    line('database migrations applied', database),
    line('topics created', topics),
    line('subjects registered', subjects),
    ...warnings.map((warning) => `warning: ${warning}\n`),
  ].join('');
}
