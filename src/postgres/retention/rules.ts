/** What has an end, how long it is kept after it, and which rows that are. */
export interface RetentionRule {
  readonly table: string;
  readonly days: number;
  /** Of the columns that tell the age: business time, or the database's own. */
  readonly clock: 'business' | 'real';
  /** The rows that may go; `$1` is the instant that their age is measured against. */
  readonly where: string;
}

/** A week to look at what went out; a consumer that lost it reads the topic again. */
const OUTBOX_DAYS = 7;
/** Longer than Kafka keeps the input (60 days): the bytes are there to be looked at and played again. */
const DEAD_LETTER_DAYS = 90;
/** As the buckets: more than 400 days are promised for charts, replays and recounts. */
const DETAIL_DAYS = 410;
/** Three years and a month: how long somebody may still dispute what was counted, said and done. */
const EVIDENCE_DAYS = 1_127;

const HOUR_WINDOW = "window_end - window_start <= interval '1 hour'";

/**
 * One rule per kind of row. Windows go only once they are final, a row that somebody still has to act on never, and of a
 * fact or snapshot the newest stays: ids and numbers go on from it. Rows of `deliveries` go with their notice.
 */
export const RETENTION_RULES: readonly RetentionRule[] = [
  { table: 'outbox', days: OUTBOX_DAYS, clock: 'real', where: 'published_at < $1' },
  {
    table: 'dead_letters',
    days: DEAD_LETTER_DAYS,
    clock: 'real',
    where: 'seen_at < $1 and published_at is not null',
  },
  {
    table: 'windows',
    days: DETAIL_DAYS,
    clock: 'business',
    where: `window_end < $1 and ${HOUR_WINDOW} and frozen_at is not null`,
  },
  {
    table: 'windows',
    days: EVIDENCE_DAYS,
    clock: 'business',
    where: 'window_end < $1 and frozen_at is not null',
  },
  { table: 'crossings', days: EVIDENCE_DAYS, clock: 'business', where: 'window_end < $1' },
  {
    table: 'violations',
    days: EVIDENCE_DAYS,
    clock: 'business',
    where: `coalesce(closed_at, occurred_at) < $1 and coalesce(strike_until, occurred_at) < $1 and (fact is null or closed_at is not null and exists (
      select from violations newer where newer.account_id = t.account_id and newer.rule = t.rule
        and newer.fact = t.fact and newer.generation > t.generation))`,
  },
  {
    table: 'overages',
    days: EVIDENCE_DAYS,
    clock: 'business',
    where: "window_end < $1 and (kind <> 'STARTED' or closed_at is not null)",
  },
  {
    table: 'measures',
    days: EVIDENCE_DAYS,
    clock: 'business',
    where: "updated_at < $1 and (status in ('REJECTED', 'LIFTED', 'EXPIRED') or effective_until < $1)",
  },
  {
    table: 'notifications',
    days: EVIDENCE_DAYS,
    clock: 'business',
    where: "created_at < $1 and status <> 'PENDING'",
  },
  { table: 'messages', days: DETAIL_DAYS, clock: 'real', where: 'created_at < $1' },
  { table: 'replies', days: EVIDENCE_DAYS, clock: 'real', where: 'received_at < $1' },
  {
    table: 'account_snapshots',
    days: DETAIL_DAYS,
    clock: 'business',
    where: `arrived_at < $1 and exists (select from account_snapshots newer
      where newer.account_id = t.account_id and newer.applied > t.applied and newer.arrived_at < $1)`,
  },
];
