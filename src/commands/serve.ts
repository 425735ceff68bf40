import type { Config } from '../config/environment.js';
import { loadPolicy } from '../config/policyFiles.js';
import { createHttpServer } from '../http/server.js';
import { migrateDatabase, requireMigrated } from '../postgres/migrate.js';
import { ensureSeenPartitions, monthsAround } from '../postgres/partitions.js';
import { keepPolicyVersions } from '../postgres/policyVersions.js';
import { createRoles, type RoleName } from '../roles/createRoles.js';
import { migrateEverything, type MigrationConfig } from '../roles/migrations.js';
import { openResources, type Resources } from '../roles/resources.js';
import type { Role } from '../roles/role.js';
import { ServerWatch } from '../roles/servers.js';
import { within } from '../roles/wait.js';
import { StallWatch } from '../roles/watch/stallWatch.js';
import { ExpectedError } from '../support/expectedError.js';
import { armFailpoints } from '../support/failpoints.js';
import { createLog, type Log } from '../support/log.js';
import { reasonOf, waitOut } from '../support/outage.js';
import type { Policy } from '../domain/policy/policy.js';

// Together with twice the time to close they stay below the 15 s of the contract, whoever does not answer.
const STOP_WITHIN_MS = 13_500;
const CLOSE_WITHIN_MS = 500;
const DATABASE_ANSWERS_WITHIN_MS = 3_000;
// The api role is the HTTP server alone, and the scheduler works on the database.
const WITH_KAFKA: ReadonlySet<RoleName> = new Set(['processor', 'relay', 'mailer']);

/**
 * Runs roles until SIGTERM or SIGINT, then ends within 15 s with nothing lost. Throws (one clear line, non-zero exit) on
 * a wrong configuration or policy and on a fault that nobody but a person can mend; outages are waited out.
 */
export async function serve(config: Config, names: readonly RoleName[]): Promise<void> {
  const log = createLog(config.logLevel);
  armFailpoints(config.failpoints);
  const policy = loadPolicy(config.policyPath);
  const stop = stopSignal(log);
  const resources = openResources(config, log);
  let roles: Role[] | null = null;
  const servers = names.some((name) => WITH_KAFKA.has(name)) ? watchServers(resources, log) : null;
  const http = await createHttpServer({
    ...config.http,
    log,
    live: () => true,
    ready: () => readiness(resources, servers, roles),
    metrics: async () => {
      await showReadiness(resources, servers, roles);
      return resources.metrics.registry.metrics();
    },
  });
  const stalls = watchStalls(config, resources, log);
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  // A throw that nobody caught leaves behind who knows what: an orderly end, and the error as the last line.
  const onUncaught = (error: Error): void => {
    fail(error);
  };
  process.on('uncaughtException', onUncaught);
  const { node, tz } = process.versions;
  log.info({ roles: names, http: http.url, node, zoneData: tz }, 'starting');
  try {
    servers?.start();
    // Nothing of them runs yet: they are loaded while the servers answer.
    const created = createRoles(names, config, resources, policy, fail);
    created.catch(() => undefined);
    // A server that hangs may keep an attempt for longer than a stop may take.
    const prepared = prepare(config, resources, policy, log, stop.signal);
    if (!(await Promise.race([prepared, stop.asked.then(() => false), failed]))) return;
    stalls.start();
    roles = await created;
    await Promise.race([startAll(roles), stop.asked, failed]);
    log.info('running');
    await Promise.race([stop.asked, failed]);
  } finally {
    await stopAll([...(roles ?? []), ...(servers === null ? [] : [servers]), stalls], log);
    await within(CLOSE_WITHIN_MS, Promise.all([resources.presence.stop(), http.close()]));
    // A connection that a role left behind still holds would be waited for.
    await within(CLOSE_WITHIN_MS, resources.pool.end());
    stop.forget();
    process.off('uncaughtException', onUncaught);
    log.info('stopped');
  }
}

async function startAll(roles: readonly Role[]): Promise<void> {
  await Promise.all(roles.map((role) => role.start()));
}

/** Brings the servers up to this release; false when the process was asked to stop before. */
async function prepare(
  config: Config,
  resources: Resources,
  policy: Policy,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const waiting = { signal, onWaiting: (message: string) => log.warn(message) };
    const { databaseUrl } = config;
    if (config.autoMigrate && config.kafka !== null && config.registryUrl !== null) {
      const report = await migrateEverything(config as MigrationConfig, log, signal);
      log.info({ ...report }, 'database, topics and subjects are up to this release');
    } else if (config.autoMigrate && databaseUrl !== null) {
      // Roles without Kafka (the scheduler alone) need the tables all the same.
      await waitOut('the database', () => migrateDatabase(databaseUrl), waiting);
    } else if (databaseUrl !== null) {
      await waitOut('the database', () => requireMigrated(databaseUrl), waiting);
    }
    await waitOut('the database', () => keepPolicyVersions(resources.pool, policy), waiting);
    const partitions = (): Promise<void> =>
      ensureSeenPartitions(resources.pool, monthsAround(resources.clock.now()));
    await waitOut('the database', partitions, waiting);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function watchServers({ probingKafka, registry }: Resources, log: Log): ServerWatch {
  return new ServerWatch({ kafka: probingKafka(), registry: registry(), log });
}

function watchStalls(config: Config, resources: Resources, log: Log): StallWatch {
  const { pool, clock, metrics, probingKafka } = resources;
  return new StallWatch({ pool, clock, metrics, log, kafka: config.kafka === null ? null : probingKafka() });
}

/** What `/readyz` says, for who watches by metrics alone. */
async function showReadiness(...of: Parameters<typeof readiness>): Promise<void> {
  const { parts } = await readiness(...of);
  const [{ metrics }] = of;
  metrics.ready.reset();
  for (const [part, state] of Object.entries(parts)) metrics.ready.set({ part }, state === 'ok' ? 1 : 0);
}

/** `roles` is null until they were started. */
async function readiness(
  { pool }: Resources,
  servers: ServerWatch | null,
  roles: readonly Role[] | null,
): Promise<{ ready: boolean; parts: Record<string, string> }> {
  const parts: Record<string, string> = { database: await databaseState(pool), ...servers?.parts };
  if (roles === null) parts['roles'] = 'not started yet';
  for (const role of roles ?? []) parts[role.name] = role.problem() ?? 'ok';
  return { ready: Object.values(parts).every((part) => part === 'ok'), parts };
}

async function databaseState(pool: Resources['pool']): Promise<string> {
  const asked = pool.query('select 1').then(
    () => 'ok',
    (error: unknown) => reasonOf(error),
  );
  return (await within(DATABASE_ANSWERS_WITHIN_MS, asked)) ?? 'the database does not answer';
}

async function stopAll(roles: readonly Pick<Role, 'stop'>[], log: Log): Promise<void> {
  const stopped = Promise.allSettled(roles.map((role) => role.stop()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, STOP_WITHIN_MS, 'late');
  });
  if ((await Promise.race([stopped, late])) === 'late') {
    // Nothing is lost: what was not committed is counted again by the next process.
    log.warn('a role did not end in time and is left behind');
  }
  clearTimeout(timer);
}

interface StopSignal {
  readonly signal: AbortSignal;
  readonly asked: Promise<void>;
  forget(): void;
}

function stopSignal(log: Log): StopSignal {
  const controller = new AbortController();
  const asked = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) return;
    log.info({ signal }, 'stopping');
    controller.abort(new ExpectedError('stopped'));
  };
  // A parent that started us and disappears takes us with it.
  const onOrphaned = (): void => {
    onSignal('SIGTERM');
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('disconnect', onOrphaned);
  return {
    signal: controller.signal,
    asked,
    forget: () => {
      process.off('SIGTERM', onSignal).off('SIGINT', onSignal).off('disconnect', onOrphaned);
    },
  };
}
