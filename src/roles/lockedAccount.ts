import { AccountState } from '../domain/counting/accountState.js';
import { lockHeads } from '../postgres/counting/heads.js';
import { loadAccounts } from '../postgres/counting/loadAccounts.js';
import type { Queryable } from '../postgres/transaction.js';
import { ExpectedError } from '../support/expectedError.js';

/**
 * Locks an account for the rest of the transaction.
 * @throws ExpectedError when no snapshot of it was ever taken in
 */
export async function lockKnown(tx: Queryable, accountId: string): Promise<AccountState> {
  const heads = await lockHeads(tx, [accountId]);
  const state = new AccountState(accountId, heads.get(accountId) ?? 0);
  state.account = (await loadAccounts(tx, [accountId])).get(accountId) ?? null;
  if (state.account === null) throw new ExpectedError(`account ${accountId} is not known`);
  return state;
}
