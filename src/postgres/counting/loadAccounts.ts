import type { Account } from '../../domain/accounts/account.js';
import type { Calendar } from '../../domain/windows/calendar.js';
import { sharedWindow } from '../../domain/windows/window.js';
import { textArray } from '../binaryArrays.js';
import type { Queryable } from '../transaction.js';
import { texts } from './loadUsage.js';
import { loadAllowances } from './allowances.js';

const NONE: never[] = [];

type AccountRow = Pick<Account, 'snapshot' | 'history' | 'calendar' | 'problems' | 'tombstoned'> & {
  account_id: string;
  judged_by: string;
};

/** The directory entries of the accounts that are known, with what was agreed with them. */
export async function loadAccounts(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, Account>> {
  if (accountIds.length === 0) return new Map();
  const [{ rows }, allowances] = await Promise.all([
    tx.query<AccountRow>(
      `select account_id, snapshot, history, calendar, problems, tombstoned, judged_by from accounts
       where account_id = any($1::text[])`,
      [textArray(accountIds)],
    ),
    loadAllowances(tx, accountIds),
  ]);
  return new Map(
    rows.map(({ account_id, judged_by: judgedBy, ...account }) => [
      account_id,
      {
        ...account,
        calendar: shared(account.calendar),
        judgedBy: texts.of(judgedBy),
        allowances: allowances.get(account_id) ?? NONE,
      },
    ]),
  );
}

/** Thousands of accounts have windows of the same bounds. */
function shared(calendar: Calendar): Calendar {
  const months = calendar.months.map(({ start, end }) => sharedWindow(start, end));
  const years = calendar.years.map(({ start, end }) => sharedWindow(start, end));
  return { ...calendar, months, years };
}
