import type { Account } from '../../domain/accounts/account.js';
import type { Queryable } from '../transaction.js';
import { loadAllowances } from './allowances.js';

type AccountRow = Pick<Account, 'snapshot' | 'history' | 'calendar' | 'problems' | 'tombstoned'> & {
  account_id: string;
  judged_by: string;
};

/** The directory entries of the accounts that are known, with what was agreed with them. */
export async function loadAccounts(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, Account>> {
  const { rows } = await tx.query<AccountRow>(
    `select account_id, snapshot, history, calendar, problems, tombstoned, judged_by from accounts
     where account_id = any($1::text[])`,
    [accountIds],
  );
  const allowances = await loadAllowances(
    tx,
    rows.map(({ account_id }) => account_id),
  );
  return new Map(
    rows.map(({ account_id, judged_by: judgedBy, ...account }) => [
      account_id,
      { ...account, judgedBy, allowances: allowances.get(account_id) ?? [] },
    ]),
  );
}
