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

/** What waits to be mailed now: how many deliveries, and since when the oldest is due in milliseconds. */
export async function backlog(tx: Queryable): Promise<{ readonly due: number; readonly oldestMs: number }> {
  const { rows } = await tx.query<{ due: number; oldest: number | null }>(
    `select count(*) as due, (extract(epoch from now() - min(next_attempt_at)) * 1000)::int8 as oldest
     from deliveries where status = 'PENDING' and next_attempt_at <= now()`,
  );
  return { due: rows[0]?.due ?? 0, oldestMs: rows[0]?.oldest ?? 0 };
}
