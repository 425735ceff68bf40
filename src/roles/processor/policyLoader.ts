import type { AccountState } from '../../domain/counting/accountState.js';
import type { Context } from '../../domain/judging/context.js';
import { needsOfPolicy } from '../../domain/judging/policyChange.js';
import type { Queryable } from '../../postgres/transaction.js';
import { loadMissingConditions, loadPieces, loadSums } from './stateLoader.js';

/**
 * Loads what judging accounts by policy versions will read, first at `first` and then by those that came into force up to
 * `last` (epoch ms); nearly always none did. The accounts must be locked.
 */
export async function loadForPolicy(
  tx: Queryable,
  works: readonly { readonly state: AccountState; readonly first: number; readonly last: number }[],
  context: Context,
): Promise<void> {
  const due = works
    .flatMap(({ state, first, last }) =>
      state.account === null ? [] : [{ state, rounds: needsOfPolicy(state.account, first, last, context) }],
    )
    .filter(({ rounds }) => rounds.length > 0);
  if (due.length === 0) return;
  await loadMissingConditions(
    tx,
    due.map(({ state }) => state),
  );
  // One after the other: what is asked for twice at once would be loaded twice.
  for (let round = 0; due.some(({ rounds }) => round < rounds.length); round += 1) {
    const wanted = due.flatMap(({ state, rounds }) => {
      const needs = rounds[round];
      return needs === undefined ? [] : [{ state, ...needs }];
    });
    await loadPieces(tx, wanted);
    await loadSums(tx, wanted);
  }
}
