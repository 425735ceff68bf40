import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Allowance } from '../domain/accounts/allowance.js';
import type { AccountState } from '../domain/counting/accountState.js';
import { AccountChanges } from '../domain/counting/changes.js';
import {
  grantAllowance,
  withdrawAllowance,
  type AllowanceRequest,
  type GrantOutcome,
  type WithdrawOutcome,
} from '../domain/judging/allowances.js';
import type { Context } from '../domain/judging/context.js';
import { followPolicy } from '../domain/judging/policyChange.js';
import { needsOfRejudge } from '../domain/judging/rejudge.js';
import { bumpHeads } from '../postgres/counting/heads.js';
import { transaction, type Queryable } from '../postgres/transaction.js';
import { lockKnown } from './lockedAccount.js';
import { writeChanges } from './processor/changesWriter.js';
import { loadForPolicy } from './processor/policyLoader.js';
import { loadPieces, loadSums } from './processor/stateLoader.js';

/**
 * Grants an account more than a limit gives and judges its open windows anew, as one more change of its state.
 * @throws ExpectedError when no snapshot of the account was ever taken in
 */
export async function grant(
  pool: pg.Pool,
  accountId: string,
  request: AllowanceRequest,
  context: Context,
): Promise<GrantOutcome> {
  return change(pool, accountId, context, (state, changes) =>
    grantAllowance(state, changes, request, randomUUID(), context),
  );
}

/**
 * Takes an allowance back.
 * @throws ExpectedError when no snapshot of the account was ever taken in
 */
export async function withdraw(
  pool: pg.Pool,
  accountId: string,
  id: string,
  context: Context,
): Promise<WithdrawOutcome> {
  return change(pool, accountId, context, (state, changes) =>
    withdrawAllowance(state, changes, id.toLowerCase(), context),
  );
}

/**
 * The allowances of an account, withdrawn ones included, oldest first.
 * @throws ExpectedError when no snapshot of the account was ever taken in
 */
export async function allowancesOf(pool: pg.Pool, accountId: string): Promise<readonly Allowance[]> {
  return transaction(pool, async (tx) => (await lockKnown(tx, accountId)).account?.allowances ?? []);
}

async function change<T>(
  pool: pg.Pool,
  accountId: string,
  context: Context,
  decide: (state: AccountState, changes: AccountChanges) => T,
): Promise<T> {
  return transaction(pool, async (tx) => {
    const state = await lockKnown(tx, accountId);
    await loadOpen(tx, state, context);
    const changes = new AccountChanges();
    followPolicy(state, changes, context.now, context);
    const outcome = decide(state, changes);
    if (changes.consequences.allowances.length === 0) return outcome;
    await writeChanges(tx, [{ state, changes }]);
    await bumpHeads(tx, [accountId]);
    return outcome;
  });
}

/** Loads what judging the open windows anew will read. */
async function loadOpen(tx: Queryable, state: AccountState, context: Context): Promise<void> {
  if (state.account === null) return;
  await loadForPolicy(tx, [{ state, first: context.now, last: context.now }], context);
  const wanted = [{ state, ...needsOfRejudge(state.account, context.now, context.now, context) }];
  await loadPieces(tx, wanted);
  await loadSums(tx, wanted);
}
