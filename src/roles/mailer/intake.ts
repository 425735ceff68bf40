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
import { insertDeliveries } from '../../postgres/deliveries/ledger.js';
import { loadMaterial } from '../../postgres/deliveries/material.js';
import { loadNotices, type NoticeKey, type NoticeRow } from '../../postgres/deliveries/notices.js';
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
    const material = [...(await loadMaterial(tx, known)).values()];
    const fresh = material.filter(
      ({ notice, deliveries }) => notice.status === 'PENDING' && deliveries.length === 0,
    );
    const now = context.clock.now();
    const opened = fresh.map(({ notice, snapshot }) => opening(notice, snapshot, now));
    await insertDeliveries(
      tx,
      opened.flatMap(({ notice, recipients }) => recipients.map((recipient) => ({ notice, recipient }))),
    );
    const settled = await settle(tx, opened, context);
    const taken = new Set(fresh.map(({ notice }) => notice.accountId));
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
