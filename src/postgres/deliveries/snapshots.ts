import type { AccountSnapshot } from '../../domain/accounts/snapshot.js';
import type { Queryable } from '../transaction.js';

/** What the platform says of accounts, as applied last; without those that are not known. */
export async function loadSnapshots(
  tx: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, AccountSnapshot>> {
  const { rows } = await tx.query<{ account: string; snapshot: AccountSnapshot }>(
    'select account_id as account, snapshot from accounts where account_id = any($1::text[])',
    [accountIds],
  );
  return new Map(rows.map(({ account, snapshot }) => [account, snapshot]));
}
