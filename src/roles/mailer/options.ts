import type { Kafka } from 'kafkajs';
import type pg from 'pg';
import { BACKOFF, type Backoff } from '../../domain/notices/delivery/backoff.js';
import type { Registry } from '../../kafka/registry.js';
import { TIMEOUTS, type Timeouts } from '../../mail/send/server.js';
import type { NoticeRow } from '../../postgres/deliveries/notices.js';
import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import type { Metrics } from '../../support/metrics.js';
import type { Presence } from '../presence.js';

/** How often and how long, in milliseconds of real time. */
interface MailerTiming {
  /** Between two looks for what is due. */
  readonly pollMs: number;
  /** Between two looks for leases that ran out. */
  readonly sweepMs: number;
  /** How long an attempt is its mailer's alone; longer than the longest attempt. */
  readonly leaseMs: number;
  /** How long a claimed mail waits for its turn to be sent; with the longest attempt shorter than the lease. */
  readonly turnMs: number;
  /** How long a shutdown waits for the answers to sent data (contract §6). */
  readonly shutdownMs: number;
  readonly backoff: Backoff;
  readonly smtp: Timeouts;
}

const TIMING: MailerTiming = {
  pollMs: 500,
  sweepMs: 5_000,
  leaseMs: 120_000,
  turnMs: 10_000,
  shutdownMs: 10_000,
  backoff: BACKOFF,
  smtp: TIMEOUTS,
};

// A mail server may take its time before it greets, and an attempt is mostly that.
const CONCURRENCY = 12;

export type MailerMetrics = Pick<Metrics, 'recordsRead' | 'notices' | 'deliveries' | 'mailServerUp'>;

export interface MailerOptions {
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly pool: pg.Pool;
  readonly presence: Presence;
  readonly clock: Clock;
  readonly smtp: {
    /** `smtp://` or `smtps://`, with the credentials in it. */
    readonly url: string;
    /** One address, with or without a name. */
    readonly from: string;
    /** One plain address; null: replies go to the sender. */
    readonly replyTo: string | null;
    readonly requireTls: boolean;
  };
  readonly log: Log;
  readonly metrics: MailerMetrics;
  /**
   * Called when a notice ends FAILED, in that transaction and under its account's lock: what its cooldown suppressed
   * may have to be issued.
   */
  readonly onNoticeFailed: (tx: pg.PoolClient, notice: NoticeRow) => Promise<void>;
  /** After how long without a heartbeat the broker takes a member of the group for dead (ms). */
  readonly sessionTimeoutMs: number;
  /** Consumer group; default `fair-use-mailer`. */
  readonly groupId?: string;
  /** Messages on their way at the same time; default 12. */
  readonly concurrency?: number;
  readonly timing?: Partial<MailerTiming>;
}

/** The options with every default filled in, as the parts of the mailer share them. */
export interface MailerContext extends Omit<MailerOptions, 'timing'> {
  readonly timing: MailerTiming;
  readonly groupId: string;
  readonly concurrency: number;
}

export function contextOf(options: MailerOptions): MailerContext {
  return {
    ...options,
    timing: { ...TIMING, ...options.timing },
    groupId: options.groupId ?? 'fair-use-mailer',
    concurrency: options.concurrency ?? CONCURRENCY,
  };
}
