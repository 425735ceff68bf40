import type { DeliveryState } from '../../domain/notices/delivery/fold.js';
import { INVALID_ADDRESS } from '../../domain/notices/delivery/fold.js';
import type { Recipient } from '../../domain/notices/delivery/recipients.js';
import type { Queryable } from '../transaction.js';
import type { NoticeKey } from './notices.js';

/** A delivery by what names it. */
export interface DeliveryKey extends NoticeKey {
  readonly recipientKey: string;
}

/** A delivery of a notice, with whom it is for. */
export interface DeliveryRow extends DeliveryState {
  readonly recipientKey: string;
  readonly recipient: string;
  readonly recipientName: string;
  readonly locale: string;
}

/** Fixes the recipients of a notice: one delivery each, those with a malformed address failed from the start. */
export async function insertDeliveries(
  tx: Queryable,
  key: NoticeKey,
  recipients: readonly Recipient[],
): Promise<void> {
  await tx.query(
    `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status,
       reason)
     select $1, $2, e.key, e.recipient, e.name, e.locale,
       case when e.valid then 'PENDING' else 'FAILED' end, case when e.valid then null else $3 end
     from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bool[]) as e(key, recipient, name, locale, valid)
     on conflict do nothing`,
    [
      key.accountId,
      key.notificationId,
      INVALID_ADDRESS,
      recipients.map((recipient) => recipient.key),
      recipients.map(({ address }) => address),
      recipients.map(({ name }) => name),
      recipients.map(({ locale }) => locale),
      recipients.map(({ valid }) => valid),
    ],
  );
}

/** All deliveries of a notice, in an order that never changes. */
export async function deliveriesOf(tx: Queryable, key: NoticeKey): Promise<DeliveryRow[]> {
  const { rows } = await tx.query<DeliveryRow>(
    `select recipient_key as "recipientKey", recipient, recipient_name as "recipientName", locale, status, reason
     from deliveries where account_id = $1 and notification_id = $2 order by recipient_key`,
    [key.accountId, key.notificationId],
  );
  return rows;
}

/** Cancels what was not sent of a notice and returns how many deliveries that were. */
export async function cancelPending(tx: Queryable, key: NoticeKey): Promise<number> {
  const { rowCount } = await tx.query(
    `update deliveries set status = 'CANCELLED' where account_id = $1 and notification_id = $2 and status = 'PENDING'`,
    [key.accountId, key.notificationId],
  );
  return rowCount ?? 0;
}
