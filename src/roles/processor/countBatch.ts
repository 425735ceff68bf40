import type pg from 'pg';
import { AccountState } from '../../domain/counting/accountState.js';
import { AccountChanges } from '../../domain/counting/changes.js';
import { countEvent } from '../../domain/counting/count.js';
import { needsOf, sumsNeeded } from '../../domain/counting/needs.js';
import { LATE_HORIZON_MS } from '../../domain/counting/readUpTo.js';
import type { AccountEvent, Refusal, UsageEvent } from '../../domain/events.js';
import type { Context } from '../../domain/judging/context.js';
import { needsOfChange, takeAccountEvent } from '../../domain/judging/accountEvents.js';
import { followPolicy } from '../../domain/judging/policyChange.js';
import type { Decoded } from '../../kafka/decode/decoded.js';
import { writeDeadLetters } from '../../postgres/counting/deadLetters.js';
import { bumpHeads, lockHeads } from '../../postgres/counting/heads.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { moveOffsets, type OffsetStep } from '../../postgres/counting/offsets.js';
import {
  parkEvents,
  unparkEvents,
  type LogRecord,
  type ParkedEvent,
} from '../../postgres/counting/parked.js';
import { namedTransaction, type Queryable } from '../../postgres/transaction.js';
import type { AccountCache } from './accountCache.js';
import { writeChanges, type Changed } from './changesWriter.js';
import { loadForPolicy } from './policyLoader.js';
import { loadMissingConditions, loadPieces, loadSums } from './stateLoader.js';

/** One record of the log and what it turned out to be. */
export interface Item {
  readonly record: LogRecord;
  readonly decoded: Decoded;
}

export interface CountResult {
  readonly parked: number;
  readonly crossings: number;
  readonly outgoing: number;
}

interface Work extends Changed {
  readonly accountEvents: AccountEvent[];
  usage: UsageEvent[];
  readonly parked: ParkedEvent[];
}

/**
 * The counting transaction: offsets, counters, crossings and outgoing events move together or not at all. Items are in
 * the order of arrival. Accounts are locked first, so whatever is read after that is current, and what the cache holds
 * of them is used only when its version is the one locked.
 */
export async function countBatch(
  pool: pg.Pool,
  cache: AccountCache,
  steps: readonly OffsetStep[],
  items: readonly Item[],
  context: Context,
): Promise<CountResult> {
  const works = await namedTransaction(pool, 'count', async (tx) => {
    await moveOffsets(tx, steps);
    const works = await begin(tx, cache, items);
    await takeAccountEvents(tx, works, context);
    await countUsage(tx, works, context);
    await parkEvents(
      tx,
      works.flatMap(({ parked }) => parked),
    );
    await writeChanges(tx, works);
    await writeDeadLetters(tx, items.flatMap(refused));
    await bumpHeads(
      tx,
      works.filter(isChanged).map(({ state }) => state.accountId),
    );
    return works;
  });
  for (const work of works) {
    if (isChanged(work)) work.state.version += 1;
    cache.put(work.state);
  }
  return {
    parked: works.reduce((sum, { parked }) => sum + parked.length, 0),
    crossings: works.reduce((sum, { changes }) => sum + changes.crossings.length, 0),
    outgoing: works.reduce((sum, { changes }) => sum + changes.outgoing.length, 0),
  };
}

/** Locks the accounts of the items and lays out the work per account, in ascending order of accounts. */
async function begin(tx: Queryable, cache: AccountCache, items: readonly Item[]): Promise<Work[]> {
  const ids = items.flatMap(({ decoded }) => ('event' in decoded ? [decoded.event.accountId] : []));
  if (ids.length === 0) return [];
  const works = new Map<string, Work>();
  const fresh: AccountState[] = [];
  for (const [accountId, version] of await lockHeads(tx, ids)) {
    let state = cache.take(accountId, version);
    if (state === undefined) fresh.push((state = new AccountState(accountId, version)));
    works.set(accountId, { state, changes: new AccountChanges(), accountEvents: [], usage: [], parked: [] });
  }
  const accounts = await loadAccounts(
    tx,
    fresh.map(({ accountId }) => accountId),
  );
  for (const state of fresh) state.account = accounts.get(state.accountId) ?? null;
  for (const { decoded, record } of items) {
    if (!('event' in decoded)) continue;
    const work = works.get(decoded.event.accountId);
    if (work === undefined) throw new Error(`account ${decoded.event.accountId} was not locked`);
    if (decoded.kind === 'account') work.accountEvents.push(decoded.event);
    else if (decoded.kind === 'reply') work.changes.replies.push(decoded.event);
    else park(work, decoded.event, record);
  }
  return [...works.values()];
}

// Whether it really has to be parked shows once the account events of the batch were taken.
function park(work: Work, event: UsageEvent, record: LogRecord): void {
  work.usage.push(event);
  work.parked.push({ event, record });
}

/** Account events go first: usage that arrived with them is judged by them. */
async function takeAccountEvents(tx: Queryable, works: readonly Work[], context: Context): Promise<void> {
  const unknownBefore = works.filter(
    ({ state, accountEvents }) => state.account === null && accountEvents.length > 0,
  );
  const concerned = works.filter(({ accountEvents }) => accountEvents.length > 0);
  await loadMissingConditions(
    tx,
    concerned.map(({ state }) => state),
  );
  await loadForPolicy(
    tx,
    concerned.map(({ state, accountEvents }) => ({ state, at: latest(accountEvents) })),
    context,
  );
  const rounds = Math.max(0, ...works.map(({ accountEvents }) => accountEvents.length));
  for (let round = 0; round < rounds; round += 1) {
    const due = works.flatMap((work) => {
      const event = work.accountEvents[round];
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
      arrivedAt: work.accountEvents.find((e) => e.snapshot !== null)?.arrivedAt ?? context.now,
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
    work.usage = [...events.map((event) => ({ ...event, arrivedAt })), ...work.usage];
    work.changes.unparked = events.length > 0;
  }
}

async function countUsage(tx: Queryable, works: readonly Work[], context: Context): Promise<void> {
  const known = works.filter(({ state, usage }) => state.account !== null && usage.length > 0);
  for (const { parked } of works.filter(({ state }) => state.account !== null)) parked.length = 0;
  await loadPieces(
    tx,
    known.map(({ state, changes, usage }) => ({ state, needs: needsOf(state, changes, usage) })),
  );
  await loadSums(
    tx,
    known.map(({ state, changes, usage }) => ({ state, sums: sumsNeeded(state, changes, usage, context) })),
  );
  await loadForPolicy(
    tx,
    known.map(({ state, usage }) => ({ state, at: latest(usage) })),
    context,
  );
  for (const { state, changes, usage } of known) {
    for (const event of usage) {
      followPolicy(state, changes, event.arrivedAt, context);
      countEvent(state, changes, event, context);
    }
  }
}

function latest(events: readonly { readonly arrivedAt: number }[]): number {
  return events.reduce((at, { arrivedAt }) => Math.max(at, arrivedAt), -Infinity);
}

function isChanged({ changes, parked }: Work): boolean {
  return (
    parked.length > 0 ||
    changes.account !== null ||
    changes.unparked ||
    changes.seen.size > 0 ||
    changes.windows.size > 0 ||
    changes.replies.length > 0
  );
}

function refused({ record, decoded }: Item): { record: LogRecord; refusal: Refusal }[] {
  return decoded.kind === 'refused' ? [{ record, refusal: decoded.refusal }] : [];
}
