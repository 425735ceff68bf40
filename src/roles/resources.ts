import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import type { Config } from '../config/environment.js';
import { createKafka } from '../kafka/client.js';
import { Registry } from '../kafka/registry.js';
import { createPool } from '../postgres/pool.js';
import { createClock, type Clock } from '../support/clock.js';
import { createLog, type Log } from '../support/log.js';
import { createMetrics, type Metrics } from '../support/metrics.js';
import { Presence } from './presence.js';

// The mailer may want eighteen for a moment (twelve mails whose data begins, two intakes, claims and endings each): nobody
// else shall wait for them.
const POOL_SIZE = 20;

/** What the roles of one process share. */
export interface Resources {
  readonly kafka: () => Kafka;
  /** A client that tries once and logs nothing, for asking whether the brokers are there. */
  readonly probingKafka: () => Kafka;
  readonly registry: () => Registry;
  readonly pool: pg.Pool;
  readonly presence: Presence;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Opens what the configuration names; nothing is connected yet. */
export function openResources(config: Config, log: Log): Resources {
  const { kafka, registryUrl, databaseUrl } = config;
  if (databaseUrl === null) throw new Error('every role needs the database');
  const needed = <T>(value: T | null, name: string): T => {
    if (value === null) throw new Error(`${name} is not configured`);
    return value;
  };
  const onIdleError = (error: Error): void => {
    log.warn({ reason: error.message }, 'an idle database connection broke');
  };
  const pool = createPool(databaseUrl, POOL_SIZE, onIdleError, config.databaseSilenceMs);
  return {
    kafka: () => createKafka(needed(kafka, 'KAFKA_BROKERS'), 'fair-use', log),
    probingKafka: () => createKafka(needed(kafka, 'KAFKA_BROKERS'), 'fair-use', createLog('silent'), 0),
    registry: () => new Registry(needed(registryUrl, 'SCHEMA_REGISTRY_URL')),
    pool,
    presence: new Presence(pool),
    clock: createClock(config.clockStart ?? undefined),
    log,
    metrics: createMetrics(),
  };
}
