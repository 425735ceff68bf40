import { setImmediate as turn } from 'node:timers/promises';
import { AccountRun, DONE } from '../../domain/counting/accountRun.js';
import type { AccountState } from '../../domain/counting/accountState.js';
import { missingOf, sumsOfRun } from '../../domain/counting/needsOfRun.js';
import { columnsOf } from '../../domain/counting/usageColumns.js';
import type { UsageEvent } from '../../domain/events.js';
import type { Context } from '../../domain/judging/context.js';
import type { Metric } from '../../domain/policy/policy.js';
import type { Window } from '../../domain/windows/window.js';
import type { ParkedEvent } from '../../postgres/counting/parked.js';
import type { Queryable } from '../../postgres/transaction.js';
import type { Changed } from './changesWriter.js';
import type { AccountInput, Intake } from './intake.js';
import { loadForPolicy } from './policyLoader.js';
import { loadLedgersSince, loadSums, loadUsage, type Wanted } from './stateLoader.js';

const RUNS_AT_ONCE = 100;

/** What a batch has to do with one account. */
export interface Work extends Changed {
  readonly input: AccountInput;
  /** Events parked before, of an account that is known now. */
  unparked: readonly UsageEvent[];
  parked: readonly ParkedEvent[];
}

/**
 * Lays out the usage of accounts that are locked, and loads what counting it reads; what belongs to none that is known is
 * left to be parked.
 */
export async function runsOf(
  tx: Queryable,
  works: readonly Work[],
  intake: Intake,
  context: Context,
): Promise<AccountRun[]> {
  const runs: AccountRun[] = [];
  for (const work of works) {
    const { state, changes, input, unparked } = work;
    const counting = { state, changes, context };
    if (state.account === null) {
      work.parked = intake.rowsOf(input).map((row) => intake.parkable(row, state.accountId));
    } else if (unparked.length > 0) {
      const events = [
        ...unparked,
        ...intake.rowsOf(input).map((row) => intake.columns.whole(row, state.accountId)),
      ];
      const { columns, list } = columnsOf(events);
      runs.push(new AccountRun(counting, columns, list));
    } else if (input.usage.rows > 0) {
      runs.push(new AccountRun(counting, intake.columns, input.usage));
    }
  }
  const bringNew = runs.filter(({ hasNewCells }) => hasNewCells);
  await loadUsage(tx, bringNew.flatMap(missingPieces));
  await loadSums(tx, bringNew.flatMap(missingSums));
  await loadForPolicy(
    tx,
    runs
      .filter(({ policyChanges }) => policyChanges)
      .map(({ counting: { state }, columns, list }) => ({
        state,
        // Of the first event, which need not be the earliest.
        first: columns.arrivedAt[list.first] ?? list.firstArrival,
        last: list.lastArrival,
      })),
    context,
  );
  return runs;
}

/** Counts what was laid out. */
export async function countRuns(tx: Queryable, runs: readonly AccountRun[]): Promise<void> {
  let begun: { readonly run: AccountRun; readonly from: number }[] = [];
  for (const [n, run] of runs.entries()) {
    // Else what others wait for would lie unread until all are counted: answers of Postgres, probes.
    if (n % RUNS_AT_ONCE === 0) await turn();
    begun.push({ run, from: run.count() });
  }
  // What was recorded before is read of those accounts only that came near a limit.
  for (;;) {
    const waiting = begun.filter(({ from }) => from !== DONE);
    if (waiting.length === 0) return;
    await loadLedgersSince(
      tx,
      waiting.map(({ run: { counting, list } }) => ({ state: counting.state, since: list.since })),
    );
    begun = waiting.map(({ run, from }) => ({ run, from: run.count(from) }));
  }
}

function missingPieces(run: AccountRun): Wanted[] {
  const needs = missingOf(run);
  return needs === null ? [] : [{ state: run.counting.state, needs }];
}

function missingSums(run: AccountRun): { state: AccountState; sums: ReadonlyMap<Metric, Window> }[] {
  const sums = sumsOfRun(run);
  return sums === null ? [] : [{ state: run.counting.state, sums }];
}
