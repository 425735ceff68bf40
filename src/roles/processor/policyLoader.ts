import type { AccountState } from '../../domain/counting/accountState.js';
import type { Context } from '../../domain/judging/context.js';
import { needsOfPolicy } from '../../domain/judging/policyChange.js';
import type { Queryable } from '../../postgres/transaction.js';
import { loadMissingConditions, loadPieces, loadSums } from './stateLoader.js';

/**
 * Loads what judging accounts by policy versions that came into force up to `at` (epoch ms) will read; nearly always
 * none did. The accounts must be locked.
 */
export async function loadForPolicy(
  tx: Queryable,
  works: readonly { readonly state: AccountState; readonly at: number }[],
  context: Context,
): Promise<void> {
  const due = works
    .flatMap(({ state, at }) =>
      state.account === null ? [] : [{ state, rounds: needsOfPolicy(state.account, at, context) }],
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
