import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import {
  foldNotice,
  INVALID_ADDRESS,
  NO_RECIPIENT,
  type DeliveryState,
  type NoticeState,
} from '../../domain/notices/delivery/fold.js';
import { resolveRecipients, type Recipient } from '../../domain/notices/delivery/recipients.js';
import { judgeBeforeSending } from '../../domain/notices/delivery/truth.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import { deliveriesOf, insertDeliveries } from '../../postgres/deliveries/ledger.js';
import { loadNotices, type NoticeKey, type NoticeRow } from '../../postgres/deliveries/notices.js';
import { loadSnapshots } from '../../postgres/deliveries/snapshots.js';
import { namedTransaction } from '../../postgres/transaction.js';
import type { MailerContext } from './options.js';
import { settle } from './settle.js';

/** What became of a record: its deliveries were opened, it was known already, or this database has no such notice. */
export type Intake =
  | { readonly outcome: 'taken'; readonly settled: NoticeState | null }
  | { readonly outcome: 'repeat' | 'foreign' };

interface Opening {
  readonly notice: NoticeRow;
  readonly recipients: readonly Recipient[];
  /** Not null: it ends at once. */
  readonly state: NoticeState | null;
}

/**
 * Opens the deliveries of notices, one of each account at most, once: the recipients are fixed here, however often a
 * record comes. A notice that nobody can be told of, or that is no longer to be told, ends at once. Resolves by account.
 */
export async function takeIn(
  context: MailerContext,
  keys: readonly NoticeKey[],
): Promise<Map<string, Intake>> {
  return namedTransaction(context.pool, 'intake', async (tx) => {
    // Looked for before the lock: locking makes a head, and a foreign account shall have none here.
    const known = [...(await loadNotices(tx, keys)).values()];
    const accountIds = known.map(({ accountId }) => accountId);
    await lockHeads(tx, accountIds);
    const notices = await loadNotices(tx, known);
    const deliveries = await deliveriesOf(tx, known);
    const isNew = (notice: NoticeRow): boolean =>
      notice.status === 'PENDING' && deliveries.get(notice.accountId)?.length === 0;
    const fresh = [...notices.values()].filter(isNew);
    const snapshots = await loadSnapshots(tx, accountIds);
    const now = context.clock.now();
    const opened = fresh.map((notice) => opening(notice, snapshots.get(notice.accountId), now));
    await insertDeliveries(
      tx,
      opened.flatMap(({ notice, recipients }) => recipients.map((recipient) => ({ notice, recipient }))),
    );
    const settled = await settle(tx, opened, context);
    const taken = new Set(fresh.map(({ accountId }) => accountId));
    return new Map(
      keys.map(({ accountId }): [string, Intake] => {
        if (!accountIds.includes(accountId)) return [accountId, { outcome: 'foreign' }];
        if (!taken.has(accountId)) return [accountId, { outcome: 'repeat' }];
        return [accountId, { outcome: 'taken', settled: settled.get(accountId) ?? null }];
      }),
    );
  });
}

function opening(notice: NoticeRow, snapshot: AccountSnapshot | undefined, now: number): Opening {
  const verdict = judgeBeforeSending(notice, snapshot?.status ?? 'UNKNOWN', now);
  if (verdict.kind === 'suppress') {
    return { notice, recipients: [], state: { status: 'SUPPRESSED', reason: verdict.reason } };
  }
  const recipients = resolveRecipients(snapshot?.contacts ?? [], snapshot?.locale ?? 'en');
  if (recipients.length === 0) {
    return { notice, recipients, state: { status: 'FAILED', reason: NO_RECIPIENT } };
  }
  return { notice, recipients, state: foldNotice(recipients.map(opened)) };
}

function opened({ valid }: Recipient): DeliveryState {
  return valid ? { status: 'PENDING', reason: null } : { status: 'FAILED', reason: INVALID_ADDRESS };
}
