import type pg from 'pg';
import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import { NO_RECIPIENT, type NoticeState } from '../../domain/notices/delivery/fold.js';
import { resolveRecipients } from '../../domain/notices/delivery/recipients.js';
import { judgeBeforeSending } from '../../domain/notices/delivery/truth.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import { deliveriesOf, insertDeliveries } from '../../postgres/deliveries/ledger.js';
import { loadNotice, type NoticeKey, type NoticeRow } from '../../postgres/deliveries/notices.js';
import { namedTransaction } from '../../postgres/transaction.js';
import type { MailerContext } from './options.js';
import { settle, settleByDeliveries } from './settle.js';

/** What became of a record: its deliveries were opened, it was known already, or this database has no such notice. */
export type Intake =
  | { readonly outcome: 'taken'; readonly settled: NoticeState | null }
  | { readonly outcome: 'repeat' | 'foreign' };

/**
 * Opens the deliveries of a notice, once: the recipients are fixed here, however often the record comes. A notice
 * that nobody can be told of, or that is no longer to be told, ends at once.
 */
export async function takeIn(context: MailerContext, key: NoticeKey): Promise<Intake> {
  return namedTransaction(context.pool, 'intake', async (tx) => {
    // Looked for before the lock: locking makes a head, and a foreign account shall have none here.
    if ((await loadNotice(tx, key)) === null) return { outcome: 'foreign' };
    await lockHeads(tx, [key.accountId]);
    const notice = await loadNotice(tx, key);
    if (notice?.status !== 'PENDING' || (await deliveriesOf(tx, key)).length > 0)
      return { outcome: 'repeat' };
    const account = (await loadAccounts(tx, [key.accountId])).get(key.accountId);
    return { outcome: 'taken', settled: await open(tx, context, notice, account?.snapshot) };
  });
}

async function open(
  tx: pg.PoolClient,
  context: MailerContext,
  notice: NoticeRow,
  snapshot: AccountSnapshot | undefined,
): Promise<NoticeState | null> {
  const verdict = judgeBeforeSending(notice, snapshot?.status ?? 'UNKNOWN', context.clock.now());
  if (verdict.kind === 'suppress') {
    return settle(tx, notice, { status: 'SUPPRESSED', reason: verdict.reason }, context);
  }
  const recipients = resolveRecipients(snapshot?.contacts ?? [], snapshot?.locale ?? 'en');
  if (recipients.length === 0) {
    return settle(tx, notice, { status: 'FAILED', reason: NO_RECIPIENT }, context);
  }
  await insertDeliveries(tx, notice, recipients);
  return settleByDeliveries(tx, notice, context);
}
