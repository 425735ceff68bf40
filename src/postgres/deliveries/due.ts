import type { Queryable } from '../transaction.js';
import type { DeliveryKey } from './ledger.js';

const KEY = 'account_id as "accountId", notification_id as "notificationId", recipient_key as "recipientKey"';

/** Deliveries that are due, the longest waiting first. Nothing is locked: a claim looks again. */
export async function dueDeliveries(tx: Queryable, limit: number): Promise<DeliveryKey[]> {
  const { rows } = await tx.query<DeliveryKey>(
    `select ${KEY} from deliveries where status = 'PENDING' and next_attempt_at <= now()
     order by next_attempt_at limit $1`,
    [limit],
  );
  return rows;
}

/** Deliveries whose attempt ended without a word: its lease has run out. */
export async function expiredLeases(tx: Queryable, limit: number): Promise<DeliveryKey[]> {
  const { rows } = await tx.query<DeliveryKey>(
    `select ${KEY} from deliveries where status = 'SENDING' and lease_until < now() order by lease_until limit $1`,
    [limit],
  );
  return rows;
}

/**
 * What is not mailed yet, those under way or waiting for another attempt included: how many deliveries, and how long ago the
 * first of them was tried (or, when none was, due) in milliseconds.
 */
export async function backlog(
  tx: Queryable,
): Promise<{ readonly waiting: number; readonly oldestMs: number }> {
  const { rows } = await tx.query<{ waiting: number; oldest: number | null }>(
    `select count(*) as waiting,
       (extract(epoch from now() - min(coalesce(first_attempt_at, next_attempt_at))) * 1000)::int8 as oldest
     from deliveries where status in ('PENDING', 'SENDING')`,
  );
  return { waiting: rows[0]?.waiting ?? 0, oldestMs: Math.max(0, rows[0]?.oldest ?? 0) };
}

/** When the oldest notice that has not ended was made (business time, epoch ms), whatever it waits for; null: none. */
export async function oldestNotice(tx: Queryable): Promise<number | null> {
  const { rows } = await tx.query<{ oldest: number | null }>(
    "select min(created_at) as oldest from notifications where status = 'PENDING'",
  );
  return rows[0]?.oldest ?? null;
}
