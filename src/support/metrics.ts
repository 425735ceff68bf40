import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What the engine tells Prometheus. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const { node, tz } = process.versions;
  new Gauge({
    name: 'fair_use_runtime',
    help: 'Always 1; the version of Node that runs, and of the time zone data new windows are cut by',
    labelNames: ['node', 'zone_data'],
    registers,
  }).set({ node, zone_data: tz ?? '' }, 1);
  return {
    registry,
    recordsRead: new Counter({
      name: 'fair_use_records_read_total',
      help: 'Input records committed, by topic and by what they turned out to be',
      labelNames: ['topic', 'outcome'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'fair_use_dead_letters_total',
      help: 'Input records that could not be counted, by reason',
      labelNames: ['reason'],
      registers,
    }),
    crossings: new Counter({ name: 'fair_use_crossings_total', help: 'Levels reached', registers }),
    batchRecords: new Histogram({
      name: 'fair_use_batch_records',
      help: 'Records per counting transaction',
      buckets: [1, 10, 100, 1_000, 10_000, 50_000, 100_000],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'fair_use_batch_seconds',
      help: 'Duration of a counting transaction',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    inputLag: new Gauge({
      name: 'fair_use_input_lag_records',
      help: 'Records in the log that are not counted yet, by topic and partition, whoever counts them',
      labelNames: ['topic', 'partition'],
      registers,
    }),
    inputStalledSeconds: new Gauge({
      name: 'fair_use_input_stalled_seconds',
      help: 'For how long a partition has had records to count of which none was counted',
      registers,
    }),
    inputLagGrowingSeconds: new Gauge({
      name: 'fair_use_input_lag_growing_seconds',
      help: 'For how long the lag of all partitions together has not fallen',
      registers,
    }),
    arrivalLagSeconds: new Gauge({
      name: 'fair_use_arrival_lag_seconds',
      help: 'Age of the newest record of the last counting transaction when it was committed',
      registers,
    }),
    parkedEvents: new Counter({
      name: 'fair_use_parked_events_total',
      help: 'Events kept until their account is known',
      registers,
    }),
    countingRetries: new Counter({
      name: 'fair_use_counting_retries_total',
      help: 'Counting transactions that were begun again, by cause',
      labelNames: ['cause'],
      registers,
    }),
    cachedAccounts: new Gauge({ name: 'fair_use_cached_accounts', help: 'Accounts in memory', registers }),
    cachedBytes: new Gauge({
      name: 'fair_use_cached_bytes',
      help: 'Rough size of the accounts in memory',
      registers,
    }),
    published: new Counter({
      name: 'fair_use_outbox_published_total',
      help: 'Events published to Kafka, by topic',
      labelNames: ['topic'],
      registers,
    }),
    outboxWaiting: new Gauge({
      name: 'fair_use_outbox_waiting',
      help: 'Outbox rows not published yet',
      registers,
    }),
    outboxOldestSeconds: new Gauge({
      name: 'fair_use_outbox_oldest_seconds',
      help: 'Age of the oldest outbox row not published yet',
      registers,
    }),
    deadLettersWaiting: new Gauge({
      name: 'fair_use_dead_letters_waiting',
      help: 'Dead letters that are not on their topic yet',
      registers,
    }),
    deadLettersOldestSeconds: new Gauge({
      name: 'fair_use_dead_letters_oldest_seconds',
      help: 'Age of the oldest dead letter that is not on its topic yet',
      registers,
    }),
    outboxSetAside: new Gauge({
      name: 'fair_use_outbox_set_aside',
      help: 'Outbox rows that cannot be published and wait for a person',
      registers,
    }),
    parkedNow: new Gauge({
      name: 'fair_use_parked_events',
      help: 'Events waiting for their account to become known',
      registers,
    }),
    partitionsAheadDays: new Gauge({
      name: 'fair_use_partitions_ahead_days',
      help: 'For how many days from now the tables that are partitioned by month have their partitions',
      registers,
    }),
    accountProblems: new Gauge({
      name: 'fair_use_account_problems',
      help: 'Accounts whose snapshot made no sense in a field, by field',
      labelNames: ['field'],
      registers,
    }),
    accountsOfUnknownPlans: new Gauge({
      name: 'fair_use_accounts_of_unknown_plan',
      help: 'Accounts on a plan that the policy in force does not name, by plan (the twenty largest)',
      labelNames: ['plan'],
      registers,
    }),
    notices: new Counter({
      name: 'fair_use_notices_total',
      help: 'Notices settled, by status',
      labelNames: ['status'],
      registers,
    }),
    deliveries: new Counter({
      name: 'fair_use_deliveries_total',
      help: 'Delivery attempts, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    noticesOldestSeconds: new Gauge({
      name: 'fair_use_notices_oldest_seconds',
      help: 'Age of the oldest notice that has not ended, whatever it waits for',
      registers,
    }),
    deliveriesWaiting: new Gauge({
      name: 'fair_use_deliveries_waiting',
      help: 'Mails not sent yet, those waiting for another attempt included',
      registers,
    }),
    deliveriesOldestSeconds: new Gauge({
      name: 'fair_use_deliveries_oldest_seconds',
      help: 'How long the oldest mail not sent yet has been tried, or due',
      registers,
    }),
    ready: new Gauge({
      name: 'fair_use_ready',
      help: 'What /readyz says of each server and role: 1 ok, 0 not',
      labelNames: ['part'],
      registers,
    }),
    mailServerUp: new Gauge({
      name: 'fair_use_mail_server_up',
      help: '0 while the last attempt of this process could not reach the mail server',
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
