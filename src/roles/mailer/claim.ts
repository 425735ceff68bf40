import type pg from 'pg';
import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import { judgeBeforeSending } from '../../domain/notices/delivery/truth.js';
import type { NoticeState } from '../../domain/notices/delivery/fold.js';
import { renderMessage, type Message } from '../../mail/render/message.js';
import { parseSender, type Sender } from '../../mail/render/sender.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import {
  failUnattempted,
  lockDue,
  startAttempt,
  type Attempt,
  type DueDelivery,
} from '../../postgres/deliveries/attempts.js';
import { cancelPending, deliveriesOf, type DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { loadMessage, storeMessage } from '../../postgres/deliveries/messages.js';
import { loadNotice, markAttempted, type NoticeRow } from '../../postgres/deliveries/notices.js';
import { namedTransaction } from '../../postgres/transaction.js';
import { mailInput } from './mailInput.js';
import type { MailerContext } from './options.js';
import { settle, settleByDeliveries } from './settle.js';

const RENDER_FAILED = 'render-failed';

/** A delivery that is ours to send until its lease runs out. */
export interface ClaimedDelivery {
  readonly kind: 'claimed';
  readonly attempt: Attempt;
  readonly to: string;
  readonly raw: Buffer;
  /** Of the delivery's first attempt, epoch ms, real time. */
  readonly firstAttemptAt: number;
}

export type Claim =
  | ClaimedDelivery
  /** Somebody else was faster, or it is not due any more. */
  | { readonly kind: 'gone' }
  /** Not to be mailed any more. */
  | { readonly kind: 'dropped'; readonly settled: NoticeState | null; readonly cancelled: number }
  /** It cannot be put into words: a fault of ours. */
  | { readonly kind: 'unrenderable'; readonly settled: NoticeState | null; readonly error: unknown };

/**
 * Takes a due delivery for one attempt. Under the account's lock it is looked at again whether the notice is still
 * true and the account still to be told; the first attempt fixes the message.
 */
export async function claim(context: MailerContext, key: DeliveryKey): Promise<Claim> {
  return namedTransaction(context.pool, 'claim', async (tx) => {
    await lockHeads(tx, [key.accountId]);
    const due = await lockDue(tx, key);
    const notice = due === null ? null : await loadNotice(tx, key);
    if (due === null || notice === null) return { kind: 'gone' };
    const account = (await loadAccounts(tx, [key.accountId])).get(key.accountId);
    const verdict = judgeBeforeSending(notice, account?.snapshot.status ?? 'UNKNOWN', context.clock.now());
    if (verdict.kind !== 'mail') {
      const cancelled = await cancelPending(tx, key);
      const state =
        verdict.kind === 'suppress' ? ({ status: 'SUPPRESSED', reason: verdict.reason } as const) : null;
      return { kind: 'dropped', settled: await settle(tx, notice, state, context), cancelled };
    }
    const message = await messageOf(tx, context, { notice, due, key, snapshot: account?.snapshot });
    if (message instanceof Unrenderable) {
      await failUnattempted(tx, key, RENDER_FAILED);
      return {
        kind: 'unrenderable',
        settled: await settleByDeliveries(tx, notice, context),
        error: message.cause,
      };
    }
    if (!notice.attempted) await markAttempted(tx, notice, context.clock.now());
    const attempt = { ...key, number: due.attempts + 1 };
    const firstAttemptAt = await startAttempt(tx, attempt, message.messageId, context.timing.leaseMs);
    return { kind: 'claimed', attempt, to: due.recipient, raw: message.raw, firstAttemptAt };
  });
}

class Unrenderable extends Error {
  override readonly name = 'Unrenderable';
}

interface ToRender {
  readonly notice: NoticeRow;
  readonly due: DueDelivery;
  readonly key: DeliveryKey;
  readonly snapshot: AccountSnapshot | undefined;
}

async function messageOf(
  tx: pg.PoolClient,
  context: MailerContext,
  { notice, due, key, snapshot }: ToRender,
): Promise<Message | Unrenderable> {
  if (due.messageId !== null) {
    return { messageId: due.messageId, raw: await loadMessage(tx, key.accountId, due.messageId) };
  }
  const deliveries = await deliveriesOf(tx, key);
  const sending = { from: senderOf(context), replyTo: context.smtp.replyTo, date: Date.now() };
  try {
    const message = await renderMessage(mailInput(notice, snapshot, deliveries, key.recipientKey), sending);
    await storeMessage(tx, key.accountId, message.messageId, message.raw);
    return message;
  } catch (error) {
    // Were it the database, the transaction is lost anyway and the delivery stays due.
    return new Unrenderable('the mail cannot be rendered', { cause: error });
  }
}

/** Who the mails are from, as configured. */
export function senderOf({ smtp }: Pick<MailerContext, 'smtp'>): Sender {
  return parseSender(smtp.from);
}
