import type { Account } from '../accounts/account.js';
import type { Policy } from '../policy/policy.js';
import { HOUR_MS } from '../windows/window.js';
import type { Cell, Tally } from './cell.js';
import type { UsageWindow } from './usageWindow.js';

// Late events mostly belong to the hour before.
const KEPT_MS = HOUR_MS;

/**
 * What a run leaves ready for the next one of the same account: its cells with their rows. Most batches bring more of
 * the same hours, and laying these out costs more than counting them. It holds while nothing that limits depend on has
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
    readonly cells: Cell[],
    readonly tallies: Map<UsageWindow, Tally>,
  ) {}

  /** Start (epoch ms) of the latest hour counted into; -Infinity: there is no cell. */
  get latestHour(): number {
    return latestHourOf(this.cells);
  }

  /** Whether it holds for events that arrive within [first, last] (epoch ms). */
  holds(account: Account, policy: Policy, first: number, last: number): boolean {
    return this.account === account && this.policy === policy && first >= this.from && last < this.until;
  }
}

/** What is worth keeping of a run: cells that were counted into as usual, of the latest hours, and their tallies. */
export function worthKeeping(
  cells: Cell[],
  tallies: Map<UsageWindow, Tally>,
): { cells: Cell[]; tallies: Map<UsageWindow, Tally> } {
  const latest = latestHourOf(cells);
  const kept = cells.filter((cell) => cell.open && !cell.plain && cell.hour >= latest - KEPT_MS);
  if (kept.length === cells.length) return { cells, tallies };
  const theirs = kept.flatMap(({ own, next }) => [...own, ...next]);
  return { cells: kept, tallies: new Map(theirs.map((tally) => [tally.row, tally])) };
}

function latestHourOf(cells: readonly Cell[]): number {
  return cells.reduce((latest, { hour }) => Math.max(latest, hour), -Infinity);
}
