import type { Config } from '../config/environment.js';
import type { LimitRule, Policy } from '../domain/policy/policy.js';
import type { ProcessorOptions } from './processor/processor.js';
import type { Resources } from './resources.js';
import type { Role } from './role.js';

export type RoleName = 'processor' | 'relay' | 'mailer' | 'api' | 'scheduler';

/**
 * Loads and builds the roles that were asked for, and no other: a process that only counts has no use for the mailer. The
 * `api` role is the HTTP server, which every process has.
 */
export async function createRoles(
  names: readonly RoleName[],
  config: Config,
  resources: Resources,
  policy: Policy,
  onFatal: (error: Error) => void,
): Promise<Role[]> {
  const { pool, presence, clock, log, metrics } = resources;
  const child = (role: RoleName): typeof log => log.child({ role });
  const build: Record<RoleName, () => Promise<Role | null>> = {
    processor: async () => {
      const { Processor } = await import('./processor/processor.js');
      return new Processor({
        kafka: resources.kafka(),
        ...inputServers(config),
        pool,
        presence,
        sessionTimeoutMs: config.sessionTimeoutMs,
        policy,
        clock,
        log: child('processor'),
        metrics,
        cacheBytes: config.accountCacheBytes,
        onFatal,
      });
    },
    relay: async () => {
      const { Relay } = await import('./relay/relay.js');
      return new Relay({
        kafka: resources.kafka(),
        registry: resources.registry(),
        pool,
        log: child('relay'),
        metrics,
      });
    },
    mailer: async () => {
      if (config.smtp === null) throw new Error('SMTP_URL is not configured');
      const { createMailer } = await import('./mailer/mailer.js');
      const { releaseSuppressed } = await import('./releaseSuppressed.js');
      const { eventId } = await import('../support/eventId.js');
      return createMailer({
        kafka: resources.kafka(),
        registry: resources.registry(),
        pool,
        presence,
        sessionTimeoutMs: config.sessionTimeoutMs,
        clock,
        smtp: config.smtp,
        log: child('mailer'),
        metrics,
        onNoticeFailed: (tx, notice) =>
          releaseSuppressed(
            tx,
            { accountId: notice.accountId, rule: notice.rule as LimitRule, workspaceId: notice.workspaceId },
            notice.notificationId,
            { policy, now: clock.now(), id: eventId },
          ),
      });
    },
    scheduler: async () => {
      const { Scheduler } = await import('./scheduler/scheduler.js');
      return new Scheduler({
        pool,
        policy,
        kafka: config.kafka === null ? null : resources.kafka(),
        clock,
        log: child('scheduler'),
        metrics,
        retentionDivisor: config.retentionDivisor,
      });
    },
    api: () => Promise.resolve(null),
  };
  const roles = await Promise.all(names.map((name) => build[name]()));
  return roles.filter((role) => role !== null);
}

function inputServers({ kafka, registryUrl }: Config): Pick<ProcessorOptions, 'brokers' | 'registryUrl'> {
  if (kafka === null) throw new Error('KAFKA_BROKERS is not configured');
  if (registryUrl === null) throw new Error('SCHEMA_REGISTRY_URL is not configured');
  return { brokers: kafka, registryUrl };
}
