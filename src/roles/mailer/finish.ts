import type pg from 'pg';
import { nextAttemptAt } from '../../domain/notices/delivery/backoff.js';
import { GAVE_UP, NO_ANSWER, type NoticeState } from '../../domain/notices/delivery/fold.js';
import type { Outcome } from '../../domain/notices/delivery/outcome.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import {
  expireLease,
  markEnded,
  markRetry,
  markSent,
  undoAttempt,
} from '../../postgres/deliveries/attempts.js';
import type { DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { clearAttempted, loadNotices } from '../../postgres/deliveries/notices.js';
import { namedTransaction } from '../../postgres/transaction.js';
import type { ClaimedDelivery } from './claim.js';
import type { MailerContext } from './options.js';
import { settle, settleByDeliveries } from './settle.js';

/** An attempt and how it ended. */
export interface Ended {
  readonly accountId: string;
  readonly claimed: ClaimedDelivery;
  readonly outcome: Exclude<Outcome, { kind: 'lost' }>;
}

/** What was written of an attempt. */
export interface Finished {
  readonly outcome: Outcome['kind'] | 'gave-up';
  readonly settled: NoticeState | null;
}

/**
 * Writes how attempts ended, one of each account at most, and what that means for their notices; resolves by account. An
 * attempt that is no longer ours writes nothing.
 */
export async function finish(
  context: MailerContext,
  ended: readonly Ended[],
): Promise<Map<string, Finished>> {
  return namedTransaction(context.pool, 'finish', async (tx) => {
    await lockHeads(
      tx,
      ended.map(({ accountId }) => accountId),
    );
    const accepted = ended.filter(({ outcome }) => outcome.kind === 'accepted');
    const sent = await markSent(
      tx,
      accepted.map(({ claimed }) => claimed.attempt),
      context.clock.now(),
    );
    const written = new Map<string, Finished['outcome']>();
    for (const one of ended) {
      const { accountId, outcome } = one;
      if (outcome.kind !== 'accepted') written.set(accountId, await write(tx, context, one.claimed, outcome));
      else written.set(accountId, sent.has(accountId) ? 'accepted' : 'lost');
    }
    const ours = ended.filter(({ accountId }) => written.get(accountId) !== 'lost');
    const notices = await loadNotices(
      tx,
      ours.map(({ claimed }) => claimed.attempt),
    );
    const all = [...notices.values()];
    // One that was accepted decides, whatever became of the others.
    const told = all.filter(({ accountId }) => sent.has(accountId));
    const settled = new Map([
      ...(await settle(
        tx,
        told.map((notice) => ({ notice, state: { status: 'SENT', reason: null } as const })),
        context,
      )),
      ...(await settleByDeliveries(
        tx,
        all.filter((notice) => !told.includes(notice)),
        context,
      )),
    ]);
    return new Map(
      [...written].map(([accountId, outcome]) => [
        accountId,
        { outcome, settled: settled.get(accountId) ?? null },
      ]),
    );
  });
}

async function write(
  tx: pg.PoolClient,
  context: MailerContext,
  { attempt, firstAttemptAt, lease }: ClaimedDelivery,
  outcome: Exclude<Outcome, { kind: 'lost' | 'accepted' }>,
): Promise<Finished['outcome']> {
  const ours = (owned: boolean, as: Finished['outcome']): Finished['outcome'] => (owned ? as : 'lost');
  switch (outcome.kind) {
    case 'refused':
      return ours(await markEnded(tx, attempt, 'FAILED', outcome.answer), 'refused');
    case 'unknown':
      return ours(await markEnded(tx, attempt, 'UNKNOWN', NO_ANSWER), 'unknown');
    case 'released':
      return ours(await markRetry(tx, attempt, 0, null), 'released');
    case 'not-begun': {
      const undone = await undoAttempt(tx, attempt, lease);
      if (undone) await clearAttempted(tx, attempt);
      return ours(undone, 'not-begun');
    }
    case 'retry': {
      const now = performance.now();
      const history = { attempts: attempt.number, firstAttemptAt };
      const at = nextAttemptAt(history, now, Math.random(), context.timing.backoff);
      if (at === null) return ours(await markEnded(tx, attempt, 'FAILED', GAVE_UP), 'gave-up');
      return ours(await markRetry(tx, attempt, at - now, outcome.reason), 'retry');
    }
  }
}

/** Ends an attempt that left no word: its process is gone, or was held up for longer than its lease. */
export async function expire(
  context: MailerContext,
  key: DeliveryKey,
): Promise<{ readonly status: 'PENDING' | 'UNKNOWN' | null; readonly settled: NoticeState | null }> {
  return namedTransaction(context.pool, 'expire', async (tx) => {
    await lockHeads(tx, [key.accountId]);
    const status = await expireLease(tx, key);
    if (status !== 'UNKNOWN') return { status, settled: null };
    const notices = await loadNotices(tx, [key]);
    const settled = await settleByDeliveries(tx, [...notices.values()], context);
    return { status, settled: settled.get(key.accountId) ?? null };
  });
}
