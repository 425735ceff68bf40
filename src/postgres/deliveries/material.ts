import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import type { Queryable } from '../transaction.js';
import type { DeliveryRow } from './ledger.js';
import { NOTICE, NOTICES, type NoticeKey, type NoticeRow } from './notices.js';

/** What the mails of a notice are made of, as it is at one moment. */
export interface Material {
  readonly notice: NoticeRow;
  /** What the platform says of the account, as applied last; undefined: it is not known. */
  readonly snapshot: AccountSnapshot | undefined;
  /** In an order that never changes. */
  readonly deliveries: readonly DeliveryRow[];
}

/**
 * Reads what the mails of notices are made of, one notice of each account at most, by account; without those that this
 * database does not have. In one statement: counting waits for the accounts that are locked meanwhile.
 */
export async function loadMaterial(
  tx: Queryable,
  keys: readonly NoticeKey[],
): Promise<Map<string, Material>> {
  if (keys.length === 0) return new Map();
  const { rows } = await tx.query<
    NoticeRow & { readonly snapshot: AccountSnapshot | null; readonly deliveries: DeliveryRow[] | null }
  >(
    `select ${NOTICE}, a.snapshot,
       (select json_agg(json_build_object('recipientKey', recipient_key, 'recipient', recipient,
            'recipientName', recipient_name, 'locale', locale, 'status', d.status, 'reason', d.reason,
            'messageId', message_id) order by recipient_key)
        from deliveries d where d.account_id = n.account_id and d.notification_id = n.notification_id) as deliveries
     from ${NOTICES} left join accounts a on a.account_id = n.account_id`,
    [keys.map(({ accountId }) => accountId), keys.map(({ notificationId }) => notificationId)],
  );
  return new Map(
    rows.map(({ snapshot, deliveries, ...notice }) => [
      notice.accountId,
      { notice, snapshot: snapshot ?? undefined, deliveries: deliveries ?? [] },
    ]),
  );
}
