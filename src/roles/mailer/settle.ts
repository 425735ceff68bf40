import type pg from 'pg';
import { foldNotice, maySettle, type NoticeState } from '../../domain/notices/delivery/fold.js';
import { deliveriesOf } from '../../postgres/deliveries/ledger.js';
import { settleNotice, type NoticeRow } from '../../postgres/deliveries/notices.js';
import type { MailerContext } from './options.js';

/**
 * Moves a notice to a new state, if it may go there, and tells whoever waits for its failure. Every end of a notice
 * passes here. The account's head must be locked. Resolves to the state it has now got, or `null` when it stays.
 */
export async function settle(
  tx: pg.PoolClient,
  notice: NoticeRow,
  state: NoticeState | null,
  context: Pick<MailerContext, 'clock' | 'onNoticeFailed'>,
): Promise<NoticeState | null> {
  if (state === null || !maySettle(notice.status, state.status)) return null;
  await settleNotice(tx, notice, state, context.clock.now());
  if (state.status === 'FAILED') await context.onNoticeFailed(tx, { ...notice, status: 'FAILED' });
  return state;
}

/** The same with the state that follows from the notice's deliveries. */
export async function settleByDeliveries(
  tx: pg.PoolClient,
  notice: NoticeRow,
  context: Pick<MailerContext, 'clock' | 'onNoticeFailed'>,
): Promise<NoticeState | null> {
  return settle(tx, notice, foldNotice(await deliveriesOf(tx, notice)), context);
}
