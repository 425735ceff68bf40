import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { Log } from '../support/log.js';
import { quietRequestQueues } from '../support/quietQueue.js';
import { beginConnectionsFresh } from './freshConnections.js';
import { measureByASteadyClock } from './steadyClock.js';

quietRequestQueues();
beginConnectionsFresh();
measureByASteadyClock();

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl: { readonly mechanism: string; readonly username: string; readonly password: string } | null;
}

/**
 * A kafkajs client whose messages go to our log, one level down: its retries are not our errors.
 * @param retries how often a request or connection that failed is tried again
 */
export function createKafka(settings: KafkaSettings, clientId: string, log: Log, retries = 8): Kafka {
  const config: KafkaConfig = {
    clientId,
    brokers: [...settings.brokers],
    ssl: settings.ssl,
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: entry, level }) => {
        const write = level <= logLevel.ERROR ? 'info' : 'debug';
        log[write]({ kafka: namespace, ...entry, timestamp: undefined, message: undefined }, entry.message);
      },
  };
  if (settings.sasl !== null) config.sasl = settings.sasl as SASLOptions;
  return new Kafka(config);
}
