import type { AccountState } from '../../domain/counting/accountState.js';
import { periodOf } from '../../domain/counting/buckets.js';
import type { Needs } from '../../domain/counting/needs.js';
import {
  hasCrossing,
  hasOverage,
  isClosed,
  type Ledger,
  type OverageStep,
  type Strike,
} from '../../domain/judging/ledger.js';
import { SeenIds } from '../../domain/counting/seenIds.js';
import type { Metric } from '../../domain/policy/policy.js';
import { HOUR_MS, type Window } from '../../domain/windows/window.js';
import { loadConditions } from '../../postgres/counting/conditions.js';
import { loadLedgers } from '../../postgres/counting/loadLedger.js';
import { usageWindow } from '../../postgres/counting/loadScope.js';
import { loadPeriods, loadRanges, loadSeen, loadWindows } from '../../postgres/counting/loadUsage.js';
import type { Queryable } from '../../postgres/transaction.js';

// An hour's episode reaches 24 hours back, a cooldown 24 hours before that of the notice it follows.
const LEDGER_REACH_MS = 50 * HOUR_MS;
// Loaded further back than needed, so that a slightly later event does not load again.
const LEDGER_STEP_MS = 24 * HOUR_MS;

export interface Wanted {
  readonly state: AccountState;
  readonly needs: Needs;
}

/** Loads what is not in memory yet of the pieces that counting will read. The accounts must be locked. */
export async function loadPieces(tx: Queryable, wanted: readonly Wanted[]): Promise<void> {
  const states = new Map(wanted.map(({ state }) => [state.accountId, state]));
  await loadSeenGroups(tx, wanted, states);
  await loadBucketPeriods(tx, wanted, states);
  await loadWindowRows(tx, wanted, states);
  await loadLedgersSince(tx, wanted);
}

/** Loads the conditions of accounts that were not read yet. */
export async function loadMissingConditions(tx: Queryable, states: readonly AccountState[]): Promise<void> {
  const unread = states.filter((state) => state.account !== null && state.conditions === null);
  const found = await loadConditions(
    tx,
    unread.map(({ accountId }) => accountId),
  );
  for (const state of unread) state.conditions = found.get(state.accountId) ?? null;
}

async function loadSeenGroups(
  tx: Queryable,
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, AccountState>,
): Promise<void> {
  const missing = wanted.flatMap(({ state, needs }) =>
    [...needs.seen]
      .filter(([key]) => !state.seen.has(key))
      .map(([key, { metric, month }]) => ({ accountId: state.accountId, metric, month, key, state })),
  );
  for (const { state, key } of missing) state.seen.set(key, new SeenIds(0));
  for (const chunk of await loadSeen(tx, missing)) {
    const seen = states.get(chunk.account_id)?.seen.get(`${chunk.metric}/${chunk.month}`);
    if (seen === undefined) continue;
    seen.load(chunk.ids);
    seen.nextSeq = Math.max(seen.nextSeq, chunk.seq + 1);
  }
}

async function loadBucketPeriods(
  tx: Queryable,
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, AccountState>,
): Promise<void> {
  const missing = wanted.flatMap(({ state, needs }) =>
    [...needs.periods].flatMap(([metric, starts]) =>
      [...starts]
        .filter((start) => !state.bucketsOf(metric).has(start))
        .map((periodStart) => ({ accountId: state.accountId, metric, periodStart })),
    ),
  );
  for (const { accountId, metric, periodStart } of missing) {
    states.get(accountId)?.bucketsOf(metric).period(periodStart);
  }
  for (const found of await loadPeriods(tx, missing)) {
    states
      .get(found.accountId)
      ?.bucketsOf(found.metric)
      .load(found.periodStart, found.workspaceId, found.slots);
  }
}

async function loadWindowRows(
  tx: Queryable,
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, AccountState>,
): Promise<void> {
  const missing = wanted.flatMap(({ state, needs }) =>
    [...needs.windowStarts]
      .filter((start) => !state.windows.has(start))
      .map((start) => ({ accountId: state.accountId, start })),
  );
  for (const { accountId, start } of missing) states.get(accountId)?.windowRows(start);
  for (const row of await loadWindows(tx, missing)) {
    states.get(row.account_id)?.windowRows(row.window_start).push(usageWindow(row));
  }
}

async function loadLedgersSince(tx: Queryable, wanted: readonly Wanted[]): Promise<void> {
  const missing = wanted.filter(
    ({ state, needs }) => state.ledger === null || state.ledger.since > needs.since - LEDGER_REACH_MS,
  );
  if (missing.length === 0) return;
  const since = Math.min(...missing.map(({ needs }) => needs.since)) - LEDGER_REACH_MS - LEDGER_STEP_MS;
  const ids = missing.map(({ state }) => state.accountId);
  const ledgers = await loadLedgers(tx, ids, since);
  for (const { state } of missing) {
    const loaded = ledgers.get(state.accountId);
    if (loaded !== undefined) state.ledger = state.ledger === null ? loaded : extended(state.ledger, loaded);
  }
}

/** What is held stands, since this transaction may have changed it; from further back comes what it did not have. */
function extended(held: Ledger, loaded: Ledger): Ledger {
  const notices = new Set(held.notices.map(({ id }) => id));
  const measures = new Set(held.measures.map(({ id }) => id));
  return {
    since: loaded.since,
    crossings: [
      ...loaded.crossings.filter((c) => !hasCrossing(held, c, c.level, c.limit)),
      ...held.crossings,
    ],
    notices: [...loaded.notices.filter(({ id }) => !notices.has(id)), ...held.notices],
    corrections: new Set([...loaded.corrections, ...held.corrections]),
    overages: [...loaded.overages.filter((o) => !hasStep(held, o)), ...held.overages],
    measures: [...loaded.measures.filter(({ id }) => !measures.has(id)), ...held.measures],
    strikes: [
      ...loaded.strikes.filter((strike) => !held.strikes.some((s) => isSameStrike(s, strike))),
      ...held.strikes,
    ],
  };
}

function isSameStrike(one: Strike, other: Strike): boolean {
  return (
    one.rule === other.rule && one.workspaceId === other.workspaceId && one.windowStart === other.windowStart
  );
}

function hasStep(ledger: Ledger, step: OverageStep): boolean {
  const of = { ...step, window: { start: step.windowStart, end: step.windowStart } };
  return step.kind === 'CLOSED' ? isClosed(ledger, of) : hasOverage(ledger, of, step.stepPercent, step.limit);
}

/** Loads every bucket of the windows, so that their sums can be taken. */
export async function loadSums(
  tx: Queryable,
  wanted: readonly { readonly state: AccountState; readonly sums: ReadonlyMap<Metric, Window> }[],
): Promise<void> {
  const states = new Map(wanted.map(({ state }) => [state.accountId, state]));
  const ranges = wanted.flatMap(({ state, sums }) =>
    [...sums]
      .filter(([metric, window]) => !state.bucketsOf(metric).covers(window))
      .map(([metric, window]) => ({
        accountId: state.accountId,
        metric,
        from: periodOf(metric, window.start),
        to: window.end,
      })),
  );
  for (const found of await loadRanges(tx, ranges)) {
    states
      .get(found.accountId)
      ?.bucketsOf(found.metric)
      .load(found.periodStart, found.workspaceId, found.slots);
  }
  for (const { accountId, metric, from, to } of ranges) {
    states.get(accountId)?.bucketsOf(metric).markLoaded({ start: from, end: to });
  }
}
