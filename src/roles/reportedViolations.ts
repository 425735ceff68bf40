import type pg from 'pg';
import { AccountChanges } from '../domain/counting/changes.js';
import type { Context } from '../domain/judging/context.js';
import { reportResale, type ResaleOutcome, type ResaleReport } from '../domain/judging/resale.js';
import { closeViolations, loadConditions } from '../postgres/counting/conditions.js';
import { bumpHeads } from '../postgres/counting/heads.js';
import { writeViolations } from '../postgres/counting/writeLedger.js';
import { appendOutbox } from '../postgres/outbox/append.js';
import { transaction } from '../postgres/transaction.js';
import { ExpectedError } from '../support/expectedError.js';
import { lockKnown } from './lockedAccount.js';

/**
 * Records what an operator reports, with its event, as one more change of the account's state.
 * @throws ExpectedError when no snapshot of the account was ever taken in
 */
export async function recordResale(
  pool: pg.Pool,
  accountId: string,
  report: ResaleReport,
  context: Context,
): Promise<ResaleOutcome> {
  return transaction(pool, async (tx) => {
    const state = await lockKnown(tx, accountId);
    state.conditions = (await loadConditions(tx, [accountId])).get(accountId) ?? null;
    const changes = new AccountChanges();
    const outcome = reportResale(state, changes, report, context);
    if (outcome.kind !== 'reported') return outcome;
    await writeViolations(
      tx,
      changes.consequences.violations.map((it) => ({ accountId, it })),
    );
    await appendOutbox(
      tx,
      changes.consequences.outgoing.map((event) => ({ accountId, event })),
    );
    await bumpHeads(tx, [accountId]);
    return outcome;
  });
}

/**
 * Closes a violation that an operator reported; what snapshots and traffic show ends by them alone.
 * @param at when it ended, epoch ms
 * @throws ExpectedError when there is no such violation, it is not a reported one, or it is closed already
 */
export async function closeReported(
  pool: pg.Pool,
  accountId: string,
  violationId: string,
  at: number,
): Promise<void> {
  await transaction(pool, async (tx) => {
    await lockKnown(tx, accountId);
    const { rows } = await tx.query<{ rule: string; closed_at: number | null }>(
      'select rule, closed_at from violations where account_id = $1 and violation_id::text = lower($2)',
      [accountId, violationId],
    );
    const [found] = rows;
    if (found === undefined) throw new ExpectedError(`account ${accountId} has no violation ${violationId}`);
    if (found.rule !== 'no-resale') {
      throw new ExpectedError(`violations of ${found.rule} are not closed by hand: they end with their fact`);
    }
    if (found.closed_at !== null) {
      const since = new Date(found.closed_at).toISOString();
      throw new ExpectedError(`violation ${violationId} is closed already, since ${since}`);
    }
    await closeViolations(tx, [{ accountId, it: { id: violationId, closedAt: at } }]);
    await bumpHeads(tx, [accountId]);
  });
}
