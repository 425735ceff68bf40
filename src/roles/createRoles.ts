import type { Config } from '../config/environment.js';
import type { LimitRule, Policy } from '../domain/policy/policy.js';
import { eventId } from '../support/eventId.js';
import { createMailer } from './mailer/mailer.js';
import { Processor } from './processor/processor.js';
import { Relay } from './relay/relay.js';
import { releaseSuppressed } from './releaseSuppressed.js';
import type { Resources } from './resources.js';
import type { Role } from './role.js';
import { Scheduler } from './scheduler/scheduler.js';

export type RoleName = 'processor' | 'relay' | 'mailer' | 'api' | 'scheduler';

/** Builds the roles that were asked for; the `api` role is the HTTP server, which every process has. */
export function createRoles(
  names: readonly RoleName[],
  config: Config,
  resources: Resources,
  policy: Policy,
  onFatal: (error: Error) => void,
): Role[] {
  const { pool, presence, clock, log, metrics } = resources;
  const child = (role: RoleName): typeof log => log.child({ role });
  const build: Record<RoleName, () => Role | null> = {
    processor: () =>
      new Processor({
        kafka: resources.kafka(),
        registry: resources.registry(),
        pool,
        presence,
        sessionTimeoutMs: config.sessionTimeoutMs,
        policy,
        clock,
        log: child('processor'),
        metrics,
        cacheBytes: config.accountCacheBytes,
        onFatal,
      }),
    relay: () =>
      new Relay({
        kafka: resources.kafka(),
        registry: resources.registry(),
        pool,
        log: child('relay'),
        metrics,
      }),
    mailer: () => {
      if (config.smtp === null) throw new Error('SMTP_URL is not configured');
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
    scheduler: () =>
      new Scheduler({
        pool,
        policy,
        kafka: config.kafka === null ? null : resources.kafka(),
        clock,
        log: child('scheduler'),
        metrics,
        retentionDivisor: config.retentionDivisor,
      }),
    api: () => null,
  };
  return names.flatMap((name) => build[name]() ?? []);
}
