import type pg from 'pg';
import { nextAttemptAt } from '../../domain/notices/delivery/backoff.js';
import { GAVE_UP, NO_ANSWER, type NoticeState } from '../../domain/notices/delivery/fold.js';
import type { Outcome } from '../../domain/notices/delivery/outcome.js';
import { lockHeads } from '../../postgres/counting/heads.js';
import { expireLease, markEnded, markRetry, markSent } from '../../postgres/deliveries/attempts.js';
import type { DeliveryKey } from '../../postgres/deliveries/ledger.js';
import { loadNotice } from '../../postgres/deliveries/notices.js';
import { namedTransaction } from '../../postgres/transaction.js';
import type { ClaimedDelivery } from './claim.js';
import type { MailerContext } from './options.js';
import { settleByDeliveries } from './settle.js';

/** What was written of an attempt. */
export interface Finished {
  readonly outcome: Outcome['kind'] | 'gave-up';
  readonly settled: NoticeState | null;
}

/** Writes how an attempt ended, and what that means for its notice. An attempt that is no longer ours writes nothing. */
export async function finish(
  context: MailerContext,
  claimed: ClaimedDelivery,
  outcome: Outcome,
): Promise<Finished> {
  if (outcome.kind === 'lost') return { outcome: 'lost', settled: null };
  return namedTransaction(context.pool, 'finish', async (tx) => {
    await lockHeads(tx, [claimed.attempt.accountId]);
    const written = await write(tx, context, claimed, outcome);
    return {
      outcome: written,
      settled: written === 'lost' ? null : await fold(tx, context, claimed.attempt),
    };
  });
}

async function write(
  tx: pg.PoolClient,
  context: MailerContext,
  { attempt, firstAttemptAt }: ClaimedDelivery,
  outcome: Exclude<Outcome, { kind: 'lost' }>,
): Promise<Finished['outcome']> {
  const ours = (owned: boolean, as: Finished['outcome']): Finished['outcome'] => (owned ? as : 'lost');
  switch (outcome.kind) {
    case 'accepted':
      return ours(await markSent(tx, attempt, context.clock.now()), 'accepted');
    case 'refused':
      return ours(await markEnded(tx, attempt, 'FAILED', outcome.answer), 'refused');
    case 'unknown':
      return ours(await markEnded(tx, attempt, 'UNKNOWN', NO_ANSWER), 'unknown');
    case 'released':
      return ours(await markRetry(tx, attempt, 0, null), 'released');
    case 'retry': {
      const now = Date.now();
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
    return { status, settled: status === 'UNKNOWN' ? await fold(tx, context, key) : null };
  });
}

async function fold(
  tx: pg.PoolClient,
  context: MailerContext,
  key: DeliveryKey,
): Promise<NoticeState | null> {
  const notice = await loadNotice(tx, key);
  return notice === null ? null : settleByDeliveries(tx, notice, context);
}
