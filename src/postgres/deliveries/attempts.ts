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

const BY_KEY = 'account_id = $1 and notification_id = $2 and recipient_key = $3';
const keyOf = ({ accountId, notificationId, recipientKey }: DeliveryKey): string[] => [
  accountId,
  notificationId,
  recipientKey,
];

/** The delivery if it is still due, locked until the transaction's end; else `null`. */
export async function lockDue(tx: Queryable, key: DeliveryKey): Promise<DueDelivery | null> {
  const { rows } = await tx.query<DueDelivery>(
    `select recipient, recipient_name as "recipientName", locale, attempts, message_id as "messageId"
     from deliveries where ${BY_KEY} and status = 'PENDING' and next_attempt_at <= now() for update`,
    keyOf(key),
  );
  return rows[0] ?? null;
}

/** Begins an attempt with a lease and returns when the first one began (epoch ms, real time). */
export async function startAttempt(
  tx: Queryable,
  attempt: Attempt,
  messageId: string,
  leaseMs: number,
): Promise<number> {
  const { rows } = await tx.query<{ first: number }>(
    `update deliveries set status = 'SENDING', attempts = $4, message_id = $5, data_began_at = null,
       first_attempt_at = coalesce(first_attempt_at, now()), lease_until = now() + $6 * interval '1 millisecond'
     where ${BY_KEY} returning first_attempt_at as first`,
    [...keyOf(attempt), attempt.number, messageId, leaseMs],
  );
  const first = rows[0]?.first;
  if (first === undefined) throw new Error('the delivery to be attempted is gone');
  return first;
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

/** The server took the message; an answer that came after the lease turns UNKNOWN into SENT. `sentAt`: business time. */
export async function markSent(tx: Queryable, attempt: Attempt, sentAt: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update deliveries set status = 'SENT', reason = null, sent_at = $5, lease_until = null
     where ${BY_KEY} and attempts = $4 and status in ('SENDING', 'UNKNOWN')`,
    [...keyOf(attempt), attempt.number, timestamp(sentAt)],
  );
  return rowCount === 1;
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
