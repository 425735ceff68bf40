import type { Account } from '../accounts/account.js';
import type { Context } from '../judging/context.js';
import { prevailingRuling, rulingFor, type Ruling } from '../judging/limits.js';
import type { Window } from '../windows/window.js';
import type { AccountState } from './accountState.js';

/**
 * The limits of an account's windows while a run arrives; asked for by each cell and row. Those of nearly all windows are
 * the same, and found once; of others they are few.
 */
export class Rulings {
  private account: Account | null = null;
  private prevailing: readonly Ruling[] = [];
  /** Every window that ends later than this (epoch ms) has the prevailing limits. */
  private prevailsSince = Infinity;
  private readonly windows: Window[] = [];
  private readonly found: (readonly Ruling[])[] = [];

  /** @param first, last arrival of the run, epoch ms */
  constructor(
    private readonly state: AccountState,
    private readonly context: Context,
    private readonly first: number,
    private readonly last: number,
  ) {}

  /** The limits of a window: those at the first arrival, and those at the last one where they are others. */
  of(window: Window): readonly Ruling[] {
    const { account } = this.state;
    if (account === null) throw new Error(`account ${this.state.accountId} is not known`);
    if (account !== this.account) this.begin(account);
    if (window.end > this.prevailsSince) return this.prevailing;
    const { windows, found } = this;
    for (let n = 0; n < windows.length; n += 1) {
      const known = found[n];
      if (known !== undefined && windows[n]?.start === window.start && windows[n]?.end === window.end) {
        return known;
      }
    }
    const { context, first, last } = this;
    const rulings = distinct(
      rulingFor(account, window, first, context),
      rulingFor(account, window, last, context),
    );
    windows.push(window);
    found.push(rulings);
    return rulings;
  }

  /** The limits of a window; null: they change while the run arrives. */
  throughout(window: Window): Ruling | null {
    const rulings = this.of(window);
    return rulings.length === 1 ? (rulings[0] ?? null) : null;
  }

  private begin(account: Account): void {
    const { context, first, last } = this;
    this.account = account;
    this.windows.length = 0;
    this.found.length = 0;
    this.prevailsSince = Infinity;
    const [atFirst, atLast] = [
      prevailingRuling(account, first, context),
      prevailingRuling(account, last, context),
    ];
    if (atFirst === null || atLast === null) return;
    this.prevailing = distinct(atFirst.ruling, atLast.ruling);
    this.prevailsSince = Math.max(atFirst.since, atLast.since);
  }
}

/** Versions follow one another, so what is the same at both ends was the same in between. */
function distinct(first: Ruling, last: Ruling): readonly Ruling[] {
  return first.version === last.version ? [first] : [first, last];
}
