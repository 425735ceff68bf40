import { isActive } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import type { UsageWindow } from '../counting/usageWindow.js';
import type { Limit } from '../policy/policy.js';
import type { Strike } from './ledger.js';
import type { Cause } from './records.js';

/**
 * Holds a violation of a limit against the account (policy: "Reaching or exceeding the fair usage levels repeatedly"):
 * an hour episode and a month count once, however often the limit was raised in it; nothing does while the account is
 * inactive. A change of plan takes nothing back. null: no strike.
 */
export function strike(state: AccountState, row: UsageWindow, limit: Limit, cause: Cause): Strike | null {
  const { account, ledger } = state;
  if (limit.strike === null || ledger === null || account === null || !isActive(account)) return null;
  const { rule, workspaceId, window } = row;
  const isOf = (s: Strike): boolean =>
    s.rule === rule && s.workspaceId === workspaceId && s.windowStart === window.start;
  if (ledger.strikes.some(isOf)) return null;
  const until = cause.at + limit.strike.lastFor;
  const made = { rule, workspaceId, windowStart: window.start, at: cause.at, until };
  ledger.strikes.push(made);
  return made;
}

/** How many strikes stand at an instant (epoch ms). */
export function strikesAt(strikes: readonly Strike[], instant: number): number {
  return strikes.filter(({ at, until }) => at <= instant && instant < until).length;
}
