import type pg from 'pg';
import type { AccountState } from '../../domain/counting/accountState.js';
import type { Context } from '../../domain/judging/context.js';
import { lookUpByKey } from '../../postgres/counting/byKey.js';
import { writeDeadLetters } from '../../postgres/counting/deadLetters.js';
import { bumpHeads, lockHeads } from '../../postgres/counting/heads.js';
import { moveOffsets } from '../../postgres/counting/offsets.js';
import { parkEvents } from '../../postgres/counting/parked.js';
import { namedTransaction, type Queryable } from '../../postgres/transaction.js';
import { overlapping, type Underway } from '../../postgres/underway.js';
import type { AccountCache } from './accountCache.js';
import { sendChanges } from './changesWriter.js';
import { countRuns, type Work } from './countUsage.js';
import type { AccountInput, Intake } from './intake.js';
import { loadPart, type Part } from './loadPart.js';

export interface CountResult {
  readonly parked: number;
  readonly crossings: number;
  readonly outgoing: number;
}

// What is laid out, loaded and written of an account and batch lives until it is written. Of a hundred thousand accounts at
// once it would outgrow the young generation, be moved twice and collected late. And the first part is loaded while nothing
// is counted, the last one written while nothing is counted any more: the smaller they are, the less there is of that.
const ACCOUNTS_AT_ONCE = 1_000;
// Begun while one is counted. Loading is mostly waiting for Postgres, which has one part to write as well: the second one
// gives it something to do when it is done with both.
const PARTS_AHEAD = 2;

/**
 * The counting transaction: offsets, counters, crossings and outgoing events move together or not at all. Accounts are
 * taken some at a time, in ascending order, and counted while those before are written and those after are made ready. An
 * account is locked before anything of it is read, so that this is current, and what the cache holds of it is used only
 * when its version is the one locked.
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
    underway.send(lookUpByKey(tx));
    const moving = moveOffsets(tx, intake.steps);
    underway.send(moving);
    const ready = async (accountIds: readonly string[]): Promise<Part> => {
      const heads = await lockHeads(tx, accountIds);
      // Sent before them: where another process has counted on, nothing is loaded or counted in vain.
      await moving;
      return loadPart(tx, cache, intake, [...heads], context);
    };
    const begin = (accountIds: readonly string[]): Promise<Part> => {
      const part = ready(accountIds);
      underway.send(part);
      return part;
    };
    const accountIds = [...intake.accounts.keys()].sort();
    for await (const { works, runs } of ahead(slices(accountIds, accountsAtOnce), begin)) {
      await countRuns(tx, runs);
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
    state.forgetOld(input.usage.since);
    cache.put(state);
    input.known = state.account !== null;
  }
  return result;
}

/** Makes parts ready in their order; the next ones are begun before one is handed out. */
async function* ahead<T, R>(parts: readonly T[], begin: (part: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  for (const part of parts) {
    begun.push(begin(part));
    const first = begun.length > PARTS_AHEAD ? begun.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const part of begun) yield await part;
}

function slices<T>(all: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_, n) =>
    all.slice(n * length, (n + 1) * length),
  );
}

function sendPart(tx: Queryable, underway: Underway, works: readonly Work[]): void {
  const parked = works.flatMap((work) => work.parked);
  underway.send(parkEvents(tx, parked));
  sendChanges(tx, underway, works);
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
