import type { AccountState } from '../../domain/counting/accountState.js';
import { FOREVER_MS } from '../../domain/counting/buckets.js';
import type { Needs } from '../../domain/counting/needs.js';
import {
  hasCrossing,
  hasOverage,
  isClosed,
  LEDGER_REACH_MS,
  type Ledger,
  type OverageStep,
  type Strike,
} from '../../domain/judging/ledger.js';
import { ID_BYTES, SeenIds } from '../../domain/counting/seenIds.js';
import { periodOf } from '../../domain/counting/slots.js';
import type { Metric } from '../../domain/policy/policy.js';
import { HOUR_MS, type Window } from '../../domain/windows/window.js';
import { loadConditions } from '../../postgres/counting/conditions.js';
import { loadLedgers } from '../../postgres/counting/loadLedger.js';
import { usageWindow } from '../../postgres/counting/loadScope.js';
import {
  loadPeriods,
  loadRanges,
  loadSeen,
  loadWindows,
  loadWindowsFrom,
  type StoredChunk,
} from '../../postgres/counting/loadUsage.js';
import type { Queryable } from '../../postgres/transaction.js';

// Loaded further back than needed, so that a slightly later event does not load again.
const LEDGER_STEP_MS = 24 * HOUR_MS;

// An hour, the one before whose minutes it looks at, and the one after.
const AHEAD_MS = 2 * HOUR_MS;

export interface Wanted {
  readonly state: AccountState;
  readonly needs: Needs;
}

/** Loads what is not in memory yet of the pieces that judging will read. The accounts must be locked. */
export async function loadPieces(tx: Queryable, wanted: readonly Wanted[]): Promise<void> {
  await loadUsage(tx, wanted);
  await loadLedgersSince(
    tx,
    wanted.map(({ state, needs }) => ({ state, since: needs.since })),
  );
}

/** The same without the ledger: counting far from any limit does not look at it. */
export async function loadUsage(tx: Queryable, wanted: readonly Wanted[]): Promise<void> {
  const states = new Map(wanted.map(({ state }) => [state.accountId, state]));
  await Promise.all([
    loadSeenMonths(tx, wanted, states),
    loadBucketPeriods(tx, wanted, states),
    loadWindowRows(tx, wanted, states),
  ]);
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

async function loadSeenMonths(
  tx: Queryable,
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, AccountState>,
): Promise<void> {
  const missing = wanted.flatMap(({ state, needs }) =>
    [...needs.seen]
      .filter((month) => !state.seen.has(month))
      .map((month) => ({ accountId: state.accountId, month, state })),
  );
  for (const { state, month } of missing) state.seen.set(month, new SeenIds(0));
  const chunksOf = new Map<SeenIds, StoredChunk[]>();
  for (const chunk of await loadSeen(tx, missing)) {
    const seen = states.get(chunk.account_id)?.seen.get(chunk.month);
    if (seen === undefined) continue;
    const known = chunksOf.get(seen);
    if (known === undefined) chunksOf.set(seen, [chunk]);
    else known.push(chunk);
    seen.nextSeq = Math.max(seen.nextSeq, chunk.seq + 1);
  }
  for (const [seen, chunks] of chunksOf) {
    seen.reserve(chunks.reduce((sum, { ids }) => sum + ids.length, 0) / ID_BYTES);
    for (const { ids } of chunks) seen.load(ids);
  }
}

async function loadBucketPeriods(
  tx: Queryable,
  wanted: readonly Wanted[],
  states: ReadonlyMap<string, AccountState>,
): Promise<void> {
  const bucketsOf = ({ accountId, metric }: { accountId: string; metric: Metric }) =>
    states.get(accountId)?.bucketsOf(metric);
  const missing = wanted.flatMap(({ state, needs }) =>
    [...needs.periods].flatMap(([metric, starts]) =>
      [...starts]
        .filter((start) => !state.bucketsOf(metric).has(start))
        .map((start) => ({ accountId: state.accountId, metric, start })),
    ),
  );
  const { ahead, single } = split(
    missing,
    ({ accountId, metric }) => `${metric}/${accountId}`,
    (one) => bucketsOf(one)?.loadedAhead === false,
  );
  const ranges = ahead.map(({ accountId, metric, start }) => ({
    accountId,
    metric,
    from: start,
    to: FOREVER_MS,
  }));
  const found = await Promise.all([
    loadPeriods(
      tx,
      single.map(({ start, ...of }) => ({ ...of, periodStart: start })),
    ),
    loadRanges(tx, ranges),
  ]);
  for (const one of single) bucketsOf(one)?.markPeriod(one.start);
  for (const one of found.flat()) bucketsOf(one)?.load(one.periodStart, one.workspaceId, one.pairs);
  for (const range of ranges) bucketsOf(range)?.markLoaded({ start: range.from, end: range.to });
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
  const from = new Map(
    wanted
      .filter(({ state, needs }) => needs.windowsFrom < state.windows.loadedFrom)
      .map(({ state, needs }) => [state.accountId, needs.windowsFrom] as const),
  );
  const { ahead, single } = split(
    missing.filter(({ accountId, start }) => start < (from.get(accountId) ?? Infinity)),
    ({ accountId }) => accountId,
    ({ accountId }) => !from.has(accountId) && states.get(accountId)?.windows.loadedFrom === Infinity,
  );
  for (const [accountId, start] of from) ahead.push({ accountId, start });
  const known = new Map(ahead.map(({ accountId }) => [accountId, startsOf(states.get(accountId))]));
  for (const { accountId, start } of single) states.get(accountId)?.windows.markLoaded(start);
  const [ofSingle, ofAhead] = await Promise.all([loadWindows(tx, single), loadWindowsFrom(tx, ahead)]);
  for (const row of ofSingle) states.get(row.account_id)?.windows.add(usageWindow(row));
  for (const row of ofAhead) {
    if (known.get(row.account_id)?.has(row.window_start) === true) continue;
    states.get(row.account_id)?.windows.add(usageWindow(row));
  }
  for (const { accountId, start } of ahead) {
    const state = states.get(accountId);
    if (state !== undefined) state.windows.loadedFrom = start;
  }
}

function startsOf(state: AccountState | undefined): ReadonlySet<number> {
  return new Set(state?.windows.all.map(({ window }) => window.start));
}

/**
 * Parts what is missing: of each group that reads ahead, everything from its latest hours on is loaded at once, so that
 * the coming hours need no reading; older pieces are loaded by themselves.
 */
function split<T extends { readonly start: number }>(
  missing: readonly T[],
  keyOf: (piece: T) => string,
  readsAhead: (piece: T) => boolean,
): { ahead: T[]; single: T[] } {
  const latest = new Map<string, number>();
  for (const piece of missing) {
    const key = keyOf(piece);
    latest.set(key, Math.max(latest.get(key) ?? -Infinity, piece.start));
  }
  const ahead = new Map<string, T>();
  const single: T[] = [];
  for (const piece of missing) {
    const key = keyOf(piece);
    if (!readsAhead(piece) || piece.start < (latest.get(key) ?? 0) - AHEAD_MS) single.push(piece);
    else if (piece.start < (ahead.get(key)?.start ?? Infinity)) ahead.set(key, piece);
  }
  return { ahead: [...ahead.values()], single };
}

/** Loads what was recorded of the accounts, as far back as judging events since `since` (epoch ms) looks. */
export async function loadLedgersSince(
  tx: Queryable,
  wanted: readonly { readonly state: AccountState; readonly since: number }[],
): Promise<void> {
  const missing = wanted.filter(
    ({ state, since }) => state.ledger === null || state.ledger.since > since - LEDGER_REACH_MS,
  );
  if (missing.length === 0) return;
  const since =
    missing.reduce((least, one) => Math.min(least, one.since), Infinity) - LEDGER_REACH_MS - LEDGER_STEP_MS;
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
      .load(found.periodStart, found.workspaceId, found.pairs);
  }
  for (const { accountId, metric, from, to } of ranges) {
    states.get(accountId)?.bucketsOf(metric).markLoaded({ start: from, end: to });
  }
}
