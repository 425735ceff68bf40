import type { Account } from '../accounts/account.js';
import type { Context } from '../judging/context.js';
import { rulingFor, type Ruling } from '../judging/limits.js';
import type { Window } from '../windows/window.js';
import type { AccountState } from './accountState.js';

/** The limits of an account's windows while a run arrives; asked for by each cell and row, of a few windows. */
export class Rulings {
  private account: Account | null = null;
  private readonly windows: Window[] = [];
  private readonly found: (readonly [Ruling, Ruling])[] = [];

  /** @param first, last arrival of the run, epoch ms */
  constructor(
    private readonly state: AccountState,
    private readonly context: Context,
    private readonly first: number,
    private readonly last: number,
  ) {}

  /** The limits of a window at the first and the last arrival. */
  of(window: Window): readonly [Ruling, Ruling] {
    const { state, context } = this;
    const { account } = state;
    if (account === null) throw new Error(`account ${state.accountId} is not known`);
    if (account !== this.account) this.forget(account);
    const { windows, found, first, last } = this;
    for (let n = 0; n < windows.length; n += 1) {
      const known = found[n];
      if (known !== undefined && windows[n]?.start === window.start && windows[n]?.end === window.end) {
        return known;
      }
    }
    const ruling = rulingFor(account, window, first, context);
    const both = [ruling, first === last ? ruling : rulingFor(account, window, last, context)] as const;
    windows.push(window);
    found.push(both);
    return both;
  }

  /** The limits of a window; null: they change while the run arrives. */
  throughout(window: Window): Ruling | null {
    const [first, last] = this.of(window);
    // Versions follow one another, so what is the same at both ends was the same in between.
    return first.version === last.version ? first : null;
  }

  private forget(account: Account): void {
    this.account = account;
    this.windows.length = 0;
    this.found.length = 0;
  }
}
