import { NO_ANSWER } from '../../domain/notices/delivery/fold.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';
import type { DeliveryKey } from './ledger.js';

/** A delivery at the start of an attempt. */
export interface DueDelivery {
  readonly recipient: string;
  readonly recipientName: string;
  readonly locale: string;
  /** Attempts so far. */
  readonly attempts: number;
  readonly messageId: string | null;
}

/** One attempt: only the one that a delivery's row names may change it. */
export interface Attempt extends DeliveryKey {
  readonly number: number;
}

/** What the database says of an attempt that began. */
export interface Started {
  /** How long ago the delivery's first attempt began, ms by the database's clock. */
  readonly sinceFirst: number;
  /** The end of the lease as the database writes it: no other claim has the same. */
  readonly lease: string;
}

const BY_KEY = 'account_id = $1 and notification_id = $2 and recipient_key = $3';
const keyOf = ({ accountId, notificationId, recipientKey }: DeliveryKey): string[] => [
  accountId,
  notificationId,
  recipientKey,
];

const KEYS = 'unnest($1::text[], $2::uuid[], $3::text[]) as k(account_id, notification_id, recipient_key)';
const OF_KEY =
  'd.account_id = k.account_id and d.notification_id = k.notification_id and d.recipient_key = k.recipient_key';
const columns = (keys: readonly DeliveryKey[]): string[][] => [
  keys.map(({ accountId }) => accountId),
  keys.map(({ notificationId }) => notificationId),
  keys.map(({ recipientKey }) => recipientKey),
];

/** What is still due of deliveries, one of each account at most, by account; locked until the transaction's end. */
export async function lockDue(
  tx: Queryable,
  keys: readonly DeliveryKey[],
): Promise<Map<string, DueDelivery>> {
  const { rows } = await tx.query<DueDelivery & { readonly accountId: string }>(
    `select d.account_id as "accountId", recipient, recipient_name as "recipientName", locale, attempts,
       message_id as "messageId"
     from ${KEYS} join deliveries d on ${OF_KEY} where status = 'PENDING' and next_attempt_at <= now() for update of d`,
    columns(keys),
  );
  return new Map(rows.map(({ accountId, ...due }) => [accountId, due]));
}

/**
 * Begins attempts with a lease from now on, however long the transaction has waited for its locks. By account.
 */
export async function startAttempts(
  tx: Queryable,
  started: readonly { readonly attempt: Attempt; readonly messageId: string }[],
  leaseMs: number,
): Promise<Map<string, Started>> {
  const { rows } = await tx.query<Started & { readonly account: string }>(
    `update deliveries d set status = 'SENDING', attempts = k.attempt, message_id = k.message_id, data_began_at = null,
       first_attempt_at = coalesce(first_attempt_at, clock_timestamp()),
       lease_until = clock_timestamp() + $6 * interval '1 millisecond'
     from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::text[])
       as k(account_id, notification_id, recipient_key, attempt, message_id)
     where ${OF_KEY} returning d.account_id as account,
       (extract(epoch from clock_timestamp() - first_attempt_at) * 1000)::float8 as "sinceFirst",
       lease_until::text as lease`,
    [
      ...columns(started.map(({ attempt }) => attempt)),
      started.map(({ attempt }) => attempt.number),
      started.map(({ messageId }) => messageId),
      leaseMs,
    ],
  );
  return new Map(rows.map(({ account, ...began }) => [account, began]));
}

/** Records that the data begins, if the attempt still holds its lease; false: it may not send. */
export async function beginData(tx: Queryable, attempt: Attempt): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update deliveries set data_began_at = now()
     where ${BY_KEY} and attempts = $4 and status = 'SENDING' and lease_until > now() and data_began_at is null`,
    [...keyOf(attempt), attempt.number],
  );
  return rowCount === 1;
}

/**
 * The server took the messages of attempts, one of each account at most; an answer that came after the lease turns UNKNOWN
 * into SENT. Returns the accounts of those whose delivery it still was.
 * @param sentAt business time, epoch milliseconds
 */
export async function markSent(
  tx: Queryable,
  attempts: readonly Attempt[],
  sentAt: number,
): Promise<Set<string>> {
  if (attempts.length === 0) return new Set();
  const { rows } = await tx.query<{ account: string }>(
    `update deliveries d set status = 'SENT', reason = null, sent_at = $5, lease_until = null
     from unnest($1::text[], $2::uuid[], $3::text[], $4::int[])
       as k(account_id, notification_id, recipient_key, attempt)
     where ${OF_KEY} and attempts = k.attempt and status in ('SENDING', 'UNKNOWN')
     returning d.account_id as account`,
    [...columns(attempts), attempts.map(({ number }) => number), timestamp(sentAt)],
  );
  return new Set(rows.map(({ account }) => account));
}

/** The attempt was the last one: FAILED, or UNKNOWN when the message may have been taken. */
export async function markEnded(
  tx: Queryable,
  attempt: Attempt,
  status: 'FAILED' | 'UNKNOWN',
  reason: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update deliveries set status = $5, reason = $6, lease_until = null
     where ${BY_KEY} and attempts = $4 and status = 'SENDING'`,
    [...keyOf(attempt), attempt.number, status, reason],
  );
  return rowCount === 1;
}

/** The attempt took nothing along: the delivery is due again after `delayMs`. */
export async function markRetry(
  tx: Queryable,
  attempt: Attempt,
  delayMs: number,
  reason: string | null,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update deliveries set status = 'PENDING', reason = $5, lease_until = null, data_began_at = null,
       next_attempt_at = now() + $6 * interval '1 millisecond'
     where ${BY_KEY} and attempts = $4 and status = 'SENDING'`,
    [...keyOf(attempt), attempt.number, reason, delayMs],
  );
  return rowCount === 1;
}

/**
 * Takes back an attempt whose turn never came, for which `beginData` was never called: the delivery is as it was before,
 * without a message if this was its first attempt. `lease`, as it was given, keeps a repetition from taking back another
 * attempt that has the same number since.
 */
export async function undoAttempt(tx: Queryable, attempt: Attempt, lease: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `with undone as (
       update deliveries set status = 'PENDING', attempts = attempts - 1, lease_until = null,
         first_attempt_at = case when attempts > 1 then first_attempt_at end,
         message_id = case when attempts > 1 then message_id end
       where ${BY_KEY} and attempts = $4 and status = 'SENDING' and data_began_at is null
         and lease_until = $5::timestamptz
       returning attempts),
     -- Its delivery is read as it was before.
     forgotten as (
       delete from messages m using undone, deliveries d
       where undone.attempts = 0 and d.account_id = $1 and d.notification_id = $2 and d.recipient_key = $3
         and m.account_id = d.account_id and m.message_id = d.message_id)
     select from undone`,
    [...keyOf(attempt), attempt.number, lease],
  );
  return rowCount === 1;
}

/** Ends an attempt whose lease ran out: due again when its data had not begun, else UNKNOWN. `null`: it had not. */
export async function expireLease(tx: Queryable, key: DeliveryKey): Promise<'PENDING' | 'UNKNOWN' | null> {
  const { rows } = await tx.query<{ status: 'PENDING' | 'UNKNOWN' }>(
    `update deliveries set lease_until = null,
       status = case when data_began_at is null then 'PENDING' else 'UNKNOWN' end,
       reason = case when data_began_at is null then reason else $4 end,
       next_attempt_at = now()
     where ${BY_KEY} and status = 'SENDING' and lease_until < now() returning status`,
    [...keyOf(key), NO_ANSWER],
  );
  return rows[0]?.status ?? null;
}

/** Fails a delivery that could not even be attempted. */
export async function failUnattempted(tx: Queryable, key: DeliveryKey, reason: string): Promise<void> {
  await tx.query(
    `update deliveries set status = 'FAILED', reason = $4 where ${BY_KEY} and status = 'PENDING'`,
    [...keyOf(key), reason],
  );
}
