import { AccountState } from '../../domain/counting/accountState.js';
import type { AccountRun } from '../../domain/counting/accountRun.js';
import { AccountChanges } from '../../domain/counting/changes.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import { needsOfChange, takeAccountEvent } from '../../domain/judging/accountEvents.js';
import type { Context } from '../../domain/judging/context.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { unparkEvents } from '../../postgres/counting/parked.js';
import type { Queryable } from '../../postgres/transaction.js';
import type { AccountCache } from './accountCache.js';
import { runsOf, type Work } from './countUsage.js';
import type { Intake } from './intake.js';
import { loadForPolicy } from './policyLoader.js';
import { loadMissingConditions, loadPieces, loadSums } from './stateLoader.js';

/** Some of the accounts of a batch, with all that counting their usage reads. */
export interface Part {
  readonly works: readonly Work[];
  readonly runs: readonly AccountRun[];
}

/** An account and the version in which it was locked. */
export type LockedHead = readonly [accountId: string, version: number];

/**
 * Makes accounts that are locked ready to be counted: loads what is not in memory and takes in their own events. It may go
 * on while other accounts are counted and written: nothing here is of any but these.
 */
export async function loadPart(
  tx: Queryable,
  cache: AccountCache,
  intake: Intake,
  heads: readonly LockedHead[],
  context: Context,
): Promise<Part> {
  const works = await begin(tx, cache, intake, heads);
  await takeAccountEvents(tx, works, context);
  return { works, runs: await runsOf(tx, works, intake, context) };
}

/** Lays out the work per account that was locked. */
async function begin(
  tx: Queryable,
  cache: AccountCache,
  intake: Intake,
  heads: readonly LockedHead[],
): Promise<Work[]> {
  const works: Work[] = [];
  const inputs = heads.map(([accountId]) => intake.accounts.get(accountId));
  const fresh: AccountState[] = [];
  for (const [n, [accountId, version]] of heads.entries()) {
    const input = inputs[n];
    if (input === undefined) throw new Error(`account ${accountId} was locked for nothing`);
    let state = cache.take(accountId, version);
    if (state === undefined) fresh.push((state = new AccountState(accountId, version)));
    const changes = new AccountChanges(intake.newIds);
    if (input.replies.length > 0) changes.consequences.replies.push(...input.replies);
    works.push({ state, changes, input, unparked: [], parked: [] });
  }
  if (fresh.length === 0) return works;
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
    concerned.map(({ state, input: { accountEvents } }) => ({ state, ...arrivalsOf(accountEvents) })),
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

/** Arrival of the first one, and the latest of all. */
function arrivalsOf(events: readonly { readonly arrivedAt: number }[]): { first: number; last: number } {
  const last = events.reduce((at, { arrivedAt }) => Math.max(at, arrivedAt), -Infinity);
  return { first: events[0]?.arrivedAt ?? last, last };
}
