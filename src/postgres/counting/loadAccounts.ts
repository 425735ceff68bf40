import type { Account } from '../../domain/accounts/account.js';
import type { Queryable } from '../transaction.js';

type AccountRow = Pick<Account, 'snapshot' | 'history' | 'calendar' | 'problems' | 'tombstoned'> & {
  account_id: string;
};

/** The directory entries of the accounts that are known. */
export async function loadAccounts(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, Account>> {
  const { rows } = await tx.query<AccountRow>(
    `select account_id, snapshot, history, calendar, problems, tombstoned from accounts
     where account_id = any($1::text[])`,
    [accountIds],
  );
  return new Map(rows.map(({ account_id, ...account }) => [account_id, account]));
}
