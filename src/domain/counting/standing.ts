import type { Account } from '../accounts/account.js';
import type { Policy } from '../policy/policy.js';
import type { Cell } from './cell.js';

/**
 * What a run leaves ready for the next one of the same account: cells with their rows. Batches that are small bring more of
 * the same hours and days, and laying these out costs more than counting them. It holds while nothing that limits depend on has
 * changed: the account (a new object with every change), and the policy version, which is one for arrivals within
 * [from, until).
 */
export class Standing {
  constructor(
    private readonly account: Account,
    private readonly policy: Policy,
    /** Epoch ms. */
    private readonly from: number,
    private readonly until: number,
    readonly cells: readonly Cell[],
  ) {}

  /** Whether it holds for events that arrive within [first, last] (epoch ms). */
  holds(account: Account, policy: Policy, first: number, last: number): boolean {
    return this.account === account && this.policy === policy && first >= this.from && last < this.until;
  }
}
