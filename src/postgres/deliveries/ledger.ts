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
  /** Of the message that was fixed for it; null: none yet. */
  readonly messageId: string | null;
}

/** Fixes recipients of notices: one delivery each, those with a malformed address failed from the start. */
export async function insertDeliveries(
  tx: Queryable,
  opened: readonly { readonly notice: NoticeKey; readonly recipient: Recipient }[],
): Promise<void> {
  if (opened.length === 0) return;
  await tx.query(
    `insert into deliveries (account_id, notification_id, recipient_key, recipient, recipient_name, locale, status,
       reason)
     select e.account_id, e.notification_id, e.key, e.recipient, e.name, e.locale,
       case when e.valid then 'PENDING' else 'FAILED' end, case when e.valid then null else $8 end
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[])
       as e(account_id, notification_id, key, recipient, name, locale, valid)
     on conflict do nothing`,
    [
      opened.map(({ notice }) => notice.accountId),
      opened.map(({ notice }) => notice.notificationId),
      opened.map(({ recipient }) => recipient.key),
      opened.map(({ recipient }) => recipient.address),
      opened.map(({ recipient }) => recipient.name),
      opened.map(({ recipient }) => recipient.locale),
      opened.map(({ recipient }) => recipient.valid),
      INVALID_ADDRESS,
    ],
  );
}

/** All deliveries of notices, one notice of each account at most, by account; in an order that never changes. */
export async function deliveriesOf(
  tx: Queryable,
  keys: readonly NoticeKey[],
): Promise<Map<string, DeliveryRow[]>> {
  const { rows } = await tx.query<DeliveryRow & { readonly accountId: string }>(
    `select d.account_id as "accountId", recipient_key as "recipientKey", recipient, recipient_name as "recipientName",
       locale, status, reason, message_id as "messageId"
     from unnest($1::text[], $2::uuid[]) as k(account_id, notification_id)
     join deliveries d on d.account_id = k.account_id and d.notification_id = k.notification_id
     order by recipient_key`,
    [keys.map(({ accountId }) => accountId), keys.map(({ notificationId }) => notificationId)],
  );
  const found = new Map<string, DeliveryRow[]>(keys.map(({ accountId }) => [accountId, []]));
  for (const { accountId, ...row } of rows) found.get(accountId)?.push(row);
  return found;
}

/** Cancels what was not sent of a notice and returns how many deliveries that were. */
export async function cancelPending(tx: Queryable, key: NoticeKey): Promise<number> {
  const { rowCount } = await tx.query(
    `update deliveries set status = 'CANCELLED' where account_id = $1 and notification_id = $2 and status = 'PENDING'`,
    [key.accountId, key.notificationId],
  );
  return rowCount ?? 0;
}
