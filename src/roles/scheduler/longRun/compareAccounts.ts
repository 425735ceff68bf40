import type pg from 'pg';
import { averagesOf, type Average, type Period } from '../../../domain/judging/longRun/averages.js';
import { campaignsOf } from '../../../domain/judging/longRun/campaigns.js';
import { outliersOf, type Outlier } from '../../../domain/judging/longRun/outliers.js';
import type { LongRunTerms, PolicyVersion } from '../../../domain/policy/policy.js';
import { loadAllowances } from '../../../postgres/counting/allowances.js';
import { accountsAfter, loadUsageDays } from '../../../postgres/longRun/usageDays.js';

const ACCOUNTS_AT_ONCE = 1_000;

/** What came of comparing every account. */
export interface Comparison {
  /** Accounts with an average to compare. */
  readonly compared: number;
  readonly outliers: ReadonlyMap<string, Outlier>;
}

/**
 * Compares the accounts' averages of a period within their plans. Days are read a bounded number of accounts at once;
 * what stays in memory is one average per account and metric.
 */
export async function compareAccounts(
  session: pg.PoolClient,
  period: Period,
  terms: LongRunTerms,
  version: PolicyVersion,
  signal: AbortSignal,
): Promise<Comparison> {
  const metrics = terms.metrics.map(({ metric }) => metric);
  const averages: Average[] = [];
  let compared = 0;
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const accounts = await accountsAfter(session, after, ACCOUNTS_AT_ONCE);
    const last = accounts.at(-1);
    if (last === undefined) return { compared, outliers: outliersOf(averages, terms) };
    const ids = accounts.map(({ accountId }) => accountId);
    const allowances = await loadAllowances(session, ids);
    const used = await loadUsageDays(session, ids, metrics, period);
    for (const { accountId, history } of accounts) {
      const campaigns = campaignsOf(allowances.get(accountId) ?? []);
      const use = { accountId, history, used: used.get(accountId) ?? {}, campaigns };
      const own = averagesOf(use, period, terms, (plan) => version.plans.has(plan));
      if (own.length > 0) compared += 1;
      averages.push(...own);
    }
    after = last.accountId;
  }
}
