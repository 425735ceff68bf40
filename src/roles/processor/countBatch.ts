import type pg from 'pg';
import { AccountRun, DONE } from '../../domain/counting/accountRun.js';
import { AccountState } from '../../domain/counting/accountState.js';
import { AccountChanges } from '../../domain/counting/changes.js';
import { missingOf, sumsOfRun } from '../../domain/counting/needsOfRun.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import { columnsOf } from '../../domain/counting/usageColumns.js';
import type { UsageEvent } from '../../domain/events.js';
import { needsOfChange, takeAccountEvent } from '../../domain/judging/accountEvents.js';
import type { Context } from '../../domain/judging/context.js';
import type { Metric } from '../../domain/policy/policy.js';
import type { Window } from '../../domain/windows/window.js';
import { writeDeadLetters } from '../../postgres/counting/deadLetters.js';
import { bumpHeads, lockHeads } from '../../postgres/counting/heads.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { moveOffsets } from '../../postgres/counting/offsets.js';
import { parkEvents, unparkEvents, type ParkedEvent } from '../../postgres/counting/parked.js';
import { namedTransaction, type Queryable } from '../../postgres/transaction.js';
import type { AccountCache } from './accountCache.js';
import { writeChanges, type Changed } from './changesWriter.js';
import type { AccountInput, Intake } from './intake.js';
import { loadForPolicy } from './policyLoader.js';
import {
  loadLedgersSince,
  loadMissingConditions,
  loadPieces,
  loadSums,
  loadUsage,
  type Wanted,
} from './stateLoader.js';

export interface CountResult {
  readonly parked: number;
  readonly crossings: number;
  readonly outgoing: number;
}

interface Work extends Changed {
  readonly input: AccountInput;
  /** Events parked before, of an account that is known now. */
  unparked: readonly UsageEvent[];
  parked: readonly ParkedEvent[];
}

/**
 * The counting transaction: offsets, counters, crossings and outgoing events move together or not at all. Accounts are
 * locked first, so whatever is read after that is current, and what the cache holds of them is used only when its
 * version is the one locked.
 */
export async function countBatch(
  pool: pg.Pool,
  cache: AccountCache,
  intake: Intake,
  context: Context,
): Promise<CountResult> {
  const works = await namedTransaction(pool, 'count', async (tx) => {
    await moveOffsets(tx, intake.steps);
    const works = await begin(tx, cache, intake);
    await takeAccountEvents(tx, works, context);
    await countUsage(tx, works, intake, context);
    await parkEvents(
      tx,
      works.flatMap(({ parked }) => parked),
    );
    await writeChanges(tx, works);
    await writeDeadLetters(tx, intake.refused);
    await bumpHeads(
      tx,
      works.filter(isChanged).map(({ state }) => state.accountId),
    );
    return works;
  });
  let [parked, crossings, outgoing] = [0, 0, 0];
  for (const work of works) {
    if (isChanged(work)) work.state.version += 1;
    work.state.forgetOld();
    cache.put(work.state);
    work.input.known = work.state.account !== null;
    parked += work.parked.length;
    crossings += work.changes.consequences.crossings.length;
    outgoing += work.changes.consequences.outgoing.length;
  }
  return { parked, crossings, outgoing };
}

/** Locks the accounts of a batch and lays out the work per account, in ascending order of accounts. */
async function begin(tx: Queryable, cache: AccountCache, intake: Intake): Promise<Work[]> {
  if (intake.accounts.size === 0) return [];
  const works: Work[] = [];
  const fresh: AccountState[] = [];
  for (const [accountId, version] of await lockHeads(tx, [...intake.accounts.keys()])) {
    const input = intake.accounts.get(accountId);
    if (input === undefined) throw new Error(`account ${accountId} was locked for nothing`);
    let state = cache.take(accountId, version);
    if (state === undefined) fresh.push((state = new AccountState(accountId, version)));
    const changes = new AccountChanges(intake.newIds);
    if (input.replies.length > 0) changes.consequences.replies.push(...input.replies);
    works.push({ state, changes, input, unparked: [], parked: [] });
  }
  const accounts = await loadAccounts(
    tx,
    fresh.map(({ accountId }) => accountId),
  );
  for (const state of fresh) state.account = accounts.get(state.accountId) ?? null;
  return works;
}

/** Account events go first: usage that arrived with them is judged by them. */
async function takeAccountEvents(tx: Queryable, works: readonly Work[], context: Context): Promise<void> {
  const unknownBefore = works.filter(
    ({ state, input }) => state.account === null && input.accountEvents.length > 0,
  );
  const concerned = works.filter(({ input }) => input.accountEvents.length > 0);
  if (concerned.length === 0) return;
  await loadMissingConditions(
    tx,
    concerned.map(({ state }) => state),
  );
  await loadForPolicy(
    tx,
    concerned.map(({ state, input }) => ({ state, at: latest(input.accountEvents) })),
    context,
  );
  const rounds = concerned.reduce((most, { input }) => Math.max(most, input.accountEvents.length), 0);
  for (let round = 0; round < rounds; round += 1) {
    const due = concerned.flatMap((work) => {
      const event = work.input.accountEvents[round];
      return event === undefined ? [] : [{ ...work, event }];
    });
    const wanted = due.flatMap(({ state, event }) => {
      const change = needsOfChange(state, event, context);
      return change === null ? [] : [{ state, ...change }];
    });
    await loadPieces(tx, wanted);
    await loadSums(tx, wanted);
    for (const { state, changes, event } of due) takeAccountEvent(state, changes, event, context);
  }
  const nowKnown = unknownBefore
    .filter(({ state }) => state.account !== null)
    .map((work) => ({
      work,
      arrivedAt: work.input.accountEvents.find((e) => e.snapshot !== null)?.arrivedAt ?? context.now,
    }));
  const unparked = await unparkEvents(
    tx,
    nowKnown.map(({ work, arrivedAt }) => ({
      accountId: work.state.accountId,
      oldest: arrivedAt - LATE_HORIZON_MS,
    })),
  );
  for (const { work, arrivedAt } of nowKnown) {
    const events = unparked.get(work.state.accountId) ?? [];
    // Counted as of now: they could not be judged before.
    work.unparked = events.map((event) => ({ ...event, arrivedAt }));
    work.changes.unparked = events.length > 0;
  }
}

async function countUsage(
  tx: Queryable,
  works: readonly Work[],
  intake: Intake,
  context: Context,
): Promise<void> {
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
      .map(({ counting: { state }, list }) => ({ state, at: list.lastArrival })),
    context,
  );
  let begun = runs.map((run) => ({ run, from: run.count() }));
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

function latest(events: readonly { readonly arrivedAt: number }[]): number {
  return events.reduce((at, { arrivedAt }) => Math.max(at, arrivedAt), -Infinity);
}

function isChanged({ changes, parked }: Work): boolean {
  return (
    !changes.isOnlyCounted ||
    parked.length > 0 ||
    changes.unparked ||
    changes.seen.length > 0 ||
    changes.windows.size > 0
  );
}
