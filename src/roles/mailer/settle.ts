import type pg from 'pg';
import { foldNotice, maySettle, type NoticeState } from '../../domain/notices/delivery/fold.js';
import { deliveriesOf } from '../../postgres/deliveries/ledger.js';
import { settleNotices, type NoticeRow } from '../../postgres/deliveries/notices.js';
import type { MailerContext } from './options.js';

type Context = Pick<MailerContext, 'clock' | 'onNoticeFailed'>;

interface Settling {
  readonly notice: NoticeRow;
  /** Null: it stays as it is. */
  readonly state: NoticeState | null;
}

/**
 * Moves notices to new states, one of each account at most, where they may go there, and tells whoever waits for a failure.
 * Every end of a notice passes here. The heads of the accounts must be locked. Resolves by account to the states that
 * they have now got; those that stay are left out.
 */
export async function settle(
  tx: pg.PoolClient,
  notices: readonly Settling[],
  context: Context,
): Promise<Map<string, NoticeState>> {
  const settled = notices.flatMap(({ notice, state }) =>
    state === null || !maySettle(notice.status, state.status) ? [] : [{ notice, state }],
  );
  await settleNotices(tx, settled, context.clock.now());
  for (const { notice, state } of settled) {
    if (state.status === 'FAILED') await context.onNoticeFailed(tx, { ...notice, status: 'FAILED' });
  }
  return new Map(settled.map(({ notice, state }) => [notice.accountId, state]));
}

/** The same with the states that follow from the notices' deliveries. */
export async function settleByDeliveries(
  tx: pg.PoolClient,
  notices: readonly NoticeRow[],
  context: Context,
): Promise<Map<string, NoticeState>> {
  if (notices.length === 0) return new Map();
  const deliveries = await deliveriesOf(tx, notices);
  const states = notices.map((notice) => ({
    notice,
    state: foldNotice(deliveries.get(notice.accountId) ?? []),
  }));
  return settle(tx, states, context);
}
