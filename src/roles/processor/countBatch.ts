import type pg from 'pg';
import { AccountState } from '../../domain/counting/accountState.js';
import { AccountChanges } from '../../domain/counting/changes.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import { needsOfChange, takeAccountEvent } from '../../domain/judging/accountEvents.js';
import type { Context } from '../../domain/judging/context.js';
import { lookUpByKey } from '../../postgres/counting/byKey.js';
import { writeDeadLetters } from '../../postgres/counting/deadLetters.js';
import { bumpHeads, lockHeads } from '../../postgres/counting/heads.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { moveOffsets } from '../../postgres/counting/offsets.js';
import { parkEvents, unparkEvents } from '../../postgres/counting/parked.js';
import { namedTransaction, type Queryable } from '../../postgres/transaction.js';
import { overlapping, type Underway } from '../../postgres/underway.js';
import type { AccountCache } from './accountCache.js';
import { sendChanges } from './changesWriter.js';
import { countUsage, type Work } from './countUsage.js';
import type { AccountInput, Intake } from './intake.js';
import { loadForPolicy } from './policyLoader.js';
import { loadMissingConditions, loadPieces, loadSums } from './stateLoader.js';

export interface CountResult {
  readonly parked: number;
  readonly crossings: number;
  readonly outgoing: number;
}

// What is laid out, loaded and written of an account and batch lives until it is written. Of a hundred thousand accounts at
// once it would outgrow the young generation, be moved twice and collected late. And the first part is counted while nothing
// is written, the last one written while nothing is counted: the smaller they are, the less there is of that.
const ACCOUNTS_AT_ONCE = 2_000;

/**
 * The counting transaction: offsets, counters, crossings and outgoing events move together or not at all. Accounts are
 * locked first, so whatever is read after that is current, and what the cache holds of them is used only when its
 * version is the one locked. They are counted some at a time, in ascending order, while those before are written.
 */
export async function countBatch(
  pool: pg.Pool,
  cache: AccountCache,
  intake: Intake,
  context: Context,
  accountsAtOnce = ACCOUNTS_AT_ONCE,
): Promise<CountResult> {
  const result = { parked: 0, crossings: 0, outgoing: 0 };
  const counted: {
    readonly state: AccountState;
    readonly input: AccountInput;
    readonly isChanged: boolean;
  }[] = [];
  const countParts = async (tx: Queryable, underway: Underway): Promise<void> => {
    const heads = await moveAndLock(tx, underway, intake);
    for (let at = 0; at < heads.length; at += accountsAtOnce) {
      const works = await begin(tx, cache, intake, heads.slice(at, at + accountsAtOnce));
      await countPart(tx, works, intake, context);
      sendPart(tx, underway, works);
      for (const work of works) {
        counted.push({ state: work.state, input: work.input, isChanged: isChanged(work) });
        result.parked += work.parked.length;
        if (work.changes.isOnlyCounted) continue;
        result.crossings += work.changes.consequences.crossings.length;
        result.outgoing += work.changes.consequences.outgoing.length;
      }
      // No part reads what another writes, so the next is counted while this one is written. What was sent of the one before
      // must be there: else all of a large batch would wait in memory for a slow database.
      await underway.keepUp();
    }
    underway.send(writeDeadLetters(tx, intake.refused));
    const changed = counted.filter((one) => one.isChanged).map(({ state }) => state.accountId);
    underway.send(bumpHeads(tx, changed));
  };
  await namedTransaction(pool, 'count', (tx) => overlapping((underway) => countParts(tx, underway)));
  for (const { state, input, isChanged } of counted) {
    if (isChanged) state.version += 1;
    state.forgetOld();
    cache.put(state);
    input.known = state.account !== null;
  }
  return result;
}

/** Moves the offsets and locks the accounts, in one round trip; returns the version of each, in ascending order. */
async function moveAndLock(
  tx: Queryable,
  underway: Underway,
  { steps, accounts }: Intake,
): Promise<[accountId: string, version: number][]> {
  underway.send(lookUpByKey(tx));
  underway.send(moveOffsets(tx, steps));
  const heads = accounts.size === 0 ? [] : [...(await lockHeads(tx, [...accounts.keys()]))];
  await underway.ended();
  return heads;
}

async function countPart(
  tx: Queryable,
  works: readonly Work[],
  intake: Intake,
  context: Context,
): Promise<void> {
  await takeAccountEvents(tx, works, context);
  await countUsage(tx, works, intake, context);
}

function sendPart(tx: Queryable, underway: Underway, works: readonly Work[]): void {
  const parked = works.flatMap((work) => work.parked);
  underway.send(parkEvents(tx, parked));
  sendChanges(tx, underway, works);
}

/** Lays out the work per account that was locked. */
async function begin(
  tx: Queryable,
  cache: AccountCache,
  intake: Intake,
  heads: readonly (readonly [accountId: string, version: number])[],
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
