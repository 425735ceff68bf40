import type pg from 'pg';
import { judgeBeforeSending } from '../../domain/notices/delivery/truth.js';
import type { NoticeState } from '../../domain/notices/delivery/fold.js';
import type { Message } from '../../mail/render/message.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import {
  failUnattempted,
  lockDue,
  startAttempts,
  type Attempt,
  type DueDelivery,
} from '../../postgres/deliveries/attempts.js';
import { cancelPending, type DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { loadMaterial, type Material } from '../../postgres/deliveries/material.js';
import { loadMessage, storeMessages } from '../../postgres/deliveries/messages.js';
import { markAttempted } from '../../postgres/deliveries/notices.js';
import { namedTransaction } from '../../postgres/transaction.js';
import { draft, revise, type Draft } from './compose.js';
import type { MailerContext } from './options.js';
import { settle, settleByDeliveries } from './settle.js';

const RENDER_FAILED = 'render-failed';

/** A delivery that is ours to send until its lease runs out. */
export interface ClaimedDelivery {
  readonly kind: 'claimed';
  readonly attempt: Attempt;
  readonly to: string;
  readonly raw: Buffer;
  /**
   * When the delivery's first attempt began, on the scale of `performance.now()`: the database measures how long ago, for
   * the machine's clock may be another one or be set in between.
   */
  readonly firstAttemptAt: number;
  /** Its lease, as the database names it. */
  readonly lease: string;
}

export type Claim =
  | ClaimedDelivery
  /** Somebody else was faster, or it is not due any more. */
  | { readonly kind: 'gone' }
  /** Not to be mailed any more. */
  | { readonly kind: 'dropped'; readonly settled: NoticeState | null; readonly cancelled: number }
  /** It cannot be put into words: a fault of ours. */
  | { readonly kind: 'unrenderable'; readonly settled: NoticeState | null; readonly error: unknown };

/** A due delivery under the lock, with what its mail is made of. */
interface Candidate {
  readonly key: DeliveryKey;
  readonly due: DueDelivery;
  readonly material: Material;
}

interface Ready extends Candidate {
  readonly message: Message;
}

/**
 * Takes due deliveries, one of each account at most, for one attempt each; resolves by account. Under the accounts' locks
 * it is looked at again whether each notice is still true and its account still to be told; the first attempt fixes the
 * message. Messages are rendered before the locks, which counting waits for, and again under them where what they say has
 * changed meanwhile.
 */
export async function claim(
  context: MailerContext,
  keys: readonly DeliveryKey[],
): Promise<Map<string, Claim>> {
  const drafts = await draft(context, keys);
  return namedTransaction(context.pool, 'claim', async (tx) => {
    await lockHeads(
      tx,
      keys.map(({ accountId }) => accountId),
    );
    const claims = new Map<string, Claim>(keys.map(({ accountId }) => [accountId, { kind: 'gone' }]));
    const ready: Ready[] = [];
    for (const candidate of await candidatesOf(tx, keys)) {
      const { accountId } = candidate.key;
      const result =
        (await drop(tx, context, candidate)) ??
        (await withMessage(tx, context, candidate, drafts.get(accountId)));
      if ('message' in result) ready.push(result);
      else claims.set(accountId, result);
    }
    for (const claimed of await start(tx, context, ready)) claims.set(claimed.attempt.accountId, claimed);
    return claims;
  });
}

async function candidatesOf(tx: pg.PoolClient, keys: readonly DeliveryKey[]): Promise<Candidate[]> {
  const due = await lockDue(tx, keys);
  const still = keys.filter(({ accountId }) => due.has(accountId));
  const material = await loadMaterial(tx, still);
  return still.flatMap((key) => {
    const [itsDue, own] = [due.get(key.accountId), material.get(key.accountId)];
    return itsDue === undefined || own === undefined ? [] : [{ key, due: itsDue, material: own }];
  });
}

/** Ends what is not to be mailed any more; null: it is. */
async function drop(
  tx: pg.PoolClient,
  context: MailerContext,
  { key, material: { notice, snapshot } }: Candidate,
): Promise<Claim | null> {
  const verdict = judgeBeforeSending(notice, snapshot?.status ?? 'UNKNOWN', context.clock.now());
  if (verdict.kind === 'mail') return null;
  const cancelled = await cancelPending(tx, key);
  const state =
    verdict.kind === 'suppress' ? ({ status: 'SUPPRESSED', reason: verdict.reason } as const) : null;
  const settled = await settle(tx, [{ notice, state }], context);
  return { kind: 'dropped', settled: settled.get(key.accountId) ?? null, cancelled };
}

/** The delivery with its message; one that cannot be rendered has failed. */
async function withMessage(
  tx: pg.PoolClient,
  context: MailerContext,
  candidate: Candidate,
  made: Draft | undefined,
): Promise<Ready | Claim> {
  const { key, due, material } = candidate;
  const { messageId } = due;
  if (messageId !== null) {
    return { ...candidate, message: { messageId, raw: await loadMessage(tx, key.accountId, messageId) } };
  }
  try {
    return { ...candidate, message: await revise(context, material, key.recipientKey, made) };
  } catch (error) {
    await failUnattempted(tx, key, RENDER_FAILED);
    const settled = await settleByDeliveries(tx, [material.notice], context);
    return { kind: 'unrenderable', settled: settled.get(key.accountId) ?? null, error };
  }
}

async function start(
  tx: pg.PoolClient,
  { clock, timing }: MailerContext,
  ready: readonly Ready[],
): Promise<ClaimedDelivery[]> {
  if (ready.length === 0) return [];
  const rendered = ready.filter(({ due }) => due.messageId === null);
  await storeMessages(
    tx,
    rendered.map(({ key, message }) => ({ accountId: key.accountId, ...message })),
  );
  const first = ready.map(({ material }) => material.notice).filter(({ attempted }) => !attempted);
  await markAttempted(tx, first, clock.now());
  const attempts = ready.map(({ key, due, message }) => ({
    attempt: { ...key, number: due.attempts + 1 },
    messageId: message.messageId,
  }));
  const started = await startAttempts(tx, attempts, timing.leaseMs);
  const now = performance.now();
  return ready.map(({ key, due, message }) => {
    const began = started.get(key.accountId);
    if (began === undefined) throw new Error('the delivery to be attempted is gone');
    const attempt = { ...key, number: due.attempts + 1 };
    return {
      kind: 'claimed',
      attempt,
      to: due.recipient,
      raw: message.raw,
      firstAttemptAt: now - began.sinceFirst,
      lease: began.lease,
    };
  });
}
