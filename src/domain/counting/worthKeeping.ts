import type { AccountState } from './accountState.js';
import type { Cell } from './cell.js';

/**
 * What is worth keeping of a run's cells: those of the latest period of their metric whose bucket an earlier run had written.
 * Of an hour that comes once, as most do where a batch spans several, nothing would be used again.
 */
export function worthKeeping(cells: readonly Cell[], state: AccountState): readonly Cell[] {
  return cells.filter((cell) => isWorthKeeping(cell, state)).slice();
}

function isWorthKeeping({ open, plain, bucket, metric, periodStart }: Cell, state: AccountState): boolean {
  return open && !plain && bucket?.stored === true && state.bucketsOf(metric).latestPeriod === periodStart;
}
