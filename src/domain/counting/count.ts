import type { UsageEvent } from '../events.js';
import type { Context } from '../judging/context.js';
import { judgeFileSize } from '../judging/fileSize.js';
import { judge, ledgerOf, putUnder } from '../judging/judge.js';
import { limitOf, rulingFor } from '../judging/limits.js';
import { RULES, type Limit, type LimitRule, type Metric } from '../policy/policy.js';
import { windowAt } from '../windows/calendar.js';
import { HOUR_MS, hourOf, type Window, type WindowKind } from '../windows/window.js';
import { scopeId, type AccountState } from './accountState.js';
import { monthOf, type UsageWindow } from './usageWindow.js';
import { WHOLE_ACCOUNT } from './buckets.js';
import type { AccountChanges } from './changes.js';
import { peakEndingFrom } from './peak.js';
import { lane } from './seenIds.js';
import { plus, slotCount } from './slots.js';

/** The kinds of window that a metric is limited in. */
export const KINDS: Readonly<Record<Metric, readonly WindowKind[]>> = {
  chats: ['hour', 'month'],
  sessions: ['month'],
  tickets: ['month'],
  upload_bytes: ['year'],
};
const MINUTE_MS = 60_000;
// Minutes of the hour that is looked at and of the one before it, used by one row at a time.
const before = new Float64Array(slotCount('chats'));
const within = new Float64Array(slotCount('chats'));

/**
 * Counts one event of a known account and judges what it moved. An id seen before in its UTC month changes nothing.
 * The seen ids, buckets, rows and ledger that it touches must have been loaded.
 */
export function countEvent(
  state: AccountState,
  changes: AccountChanges,
  event: UsageEvent,
  context: Context,
): void {
  if (remember(state, changes, event)) countNew(state, changes, event, context);
}

/** {@link countEvent} for an event whose id is known to be new and was remembered. */
export function countNew(
  state: AccountState,
  changes: AccountChanges,
  event: UsageEvent,
  context: Context,
): void {
  judgeFileSize(state, changes, event, context);
  const { metric, workspaceId, occurredAt } = event;
  changes.buckets.add(state.bucketsOf(metric).add(occurredAt, workspaceId, event.amount));
  for (const kind of KINDS[metric]) {
    countInWindow(state, changes, event, kind, windowOf(state, changes, kind, occurredAt), context);
  }
}

/** The window of a kind that holds the instant; opens it in the account's calendar where it is the first time. */
export function windowOf(
  state: AccountState,
  changes: AccountChanges,
  kind: WindowKind,
  instant: number,
): Window {
  if (kind === 'hour') return hourOf(instant);
  const { account } = state;
  if (account === null) throw new Error(`account ${state.accountId} is not known`);
  const { window, calendar } = windowAt(account.calendar, kind, instant);
  if (calendar !== account.calendar) {
    state.account = { ...account, calendar };
    changes.account = state.account;
  }
  return window;
}

/** {@link windowOf} without opening it: an event that was counted before opens nothing. */
export function windowToBe(state: AccountState, kind: WindowKind, instant: number): Window {
  if (kind === 'hour') return hourOf(instant);
  const { account } = state;
  if (account === null) throw new Error(`account ${state.accountId} is not known`);
  return windowAt(account.calendar, kind, instant).window;
}

/** {@link windowToBe} of each kind that the metric is limited in. */
export function windowsToBe(state: AccountState, metric: Metric, instant: number): Window[] {
  return KINDS[metric].map((kind) => windowToBe(state, kind, instant));
}

function remember(state: AccountState, changes: AccountChanges, event: UsageEvent): boolean {
  const month = monthOf(event.occurredAt);
  const seen = state.seen.get(month);
  if (seen === undefined) throw new Error(`seen ids of ${month} of ${state.accountId} were not loaded`);
  if (!seen.add(event.idHash)) return false;
  const { idHash } = event;
  changes.newIds(month).add(lane(idHash, 0), lane(idHash, 4), lane(idHash, 8), lane(idHash, 12));
  return true;
}

function countInWindow(
  state: AccountState,
  changes: AccountChanges,
  event: UsageEvent,
  kind: WindowKind,
  window: Window,
  context: Context,
): void {
  const { account } = state;
  if (account === null) throw new Error(`account ${state.accountId} is not known`);
  const ruling = rulingFor(account, window, event.arrivedAt, context);
  for (const limit of ruling.limits) {
    if (limit.metric !== event.metric || limit.windowKind !== kind) continue;
    const scope = scopeId(limit.scope, event.workspaceId);
    if (state.findWindow(limit.rule, scope, window.start) === undefined) {
      const row = openRow(state, limit.rule, scope, window);
      putUnder(row, limit, ruling, ledgerOf(state));
      row.used -= event.amount;
    }
  }
  for (const row of rowsOf(state, event.metric, event.workspaceId, kind, window.start)) {
    row.used = plus(row.used, event.amount);
    if (row.peak !== null) row.peak = Math.max(row.peak, risenPeak(state, row, event.occurredAt));
    settle(state, changes, row, event, context);
  }
  if (kind !== 'hour') return;
  // The rolling sums of the next hour reach back into this one.
  for (const row of rowsOf(state, event.metric, event.workspaceId, kind, window.end)) {
    row.peak = Math.max(row.peak ?? 0, risenPeak(state, row, window.end));
    settle(state, changes, row, event, context);
  }
}

/** A window's row as the buckets have it, under no limit yet. */
export function openRow(
  state: AccountState,
  rule: LimitRule,
  workspaceId: string,
  window: Window,
): UsageWindow {
  const { metric, windowKind: kind } = RULES[rule];
  const buckets = state.bucketsOf(metric);
  if (kind !== 'hour' && !buckets.covers(window)) {
    throw new Error(`${metric} of ${state.accountId} from ${window.start} were not loaded`);
  }
  const row: UsageWindow = {
    rule,
    kind,
    workspaceId,
    window,
    used: buckets.sum(window, workspaceId),
    peak: null,
    limit: null,
    plan: '',
    policyVersion: '',
    judgeFrom: Infinity,
    stored: false,
  };
  if (kind === 'hour') row.peak = risenPeak(state, row, window.start);
  state.windows.add(row);
  return row;
}

function settle(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  event: UsageEvent,
  context: Context,
): void {
  changes.windows.add(row);
  const limit = refreshLimit(state, row, event.arrivedAt, context);
  judge(
    state,
    changes,
    row,
    limit,
    { eventId: event.eventId, at: event.occurredAt, arrivedAt: event.arrivedAt },
    context,
  );
}

/** Brings a row under the limit that applies at `at` (arrival, epoch ms), and returns that limit. */
function refreshLimit(
  state: AccountState,
  row: UsageWindow,
  at: number,
  context: Context,
): Limit | undefined {
  const { account } = state;
  if (account === null) return undefined;
  const ruling = rulingFor(account, row.window, at, context);
  const limit = limitOf(ruling, row.rule, row.workspaceId);
  const amount = limit?.allowed.kind === 'limited' ? limit.allowed.amount : null;
  const same =
    row.limit === amount && row.plan === ruling.plan && row.policyVersion === ruling.version.version;
  if (!same) putUnder(row, limit, ruling, ledgerOf(state));
  return limit;
}

/** The rows that an event of a workspace moves, in the window that starts at `start`. */
function rowsOf(
  state: AccountState,
  metric: Metric,
  workspaceId: string,
  kind: WindowKind,
  start: number,
): UsageWindow[] {
  return state.windows.startingAt(start).filter((row) => isMoved(row, metric, workspaceId, kind));
}

/** Whether an event of a workspace moves the row, if it falls into its window. */
export function isMoved(row: UsageWindow, metric: Metric, workspaceId: string, kind: WindowKind): boolean {
  return (
    row.kind === kind &&
    RULES[row.rule].metric === metric &&
    (row.workspaceId === WHOLE_ACCOUNT || row.workspaceId === workspaceId)
  );
}

/** The largest rolling 60 minutes of an hour's row among those that contain the minute of `instant`. */
export function risenPeak(state: AccountState, row: UsageWindow, instant: number): number {
  const chats = state.bucketsOf('chats');
  const { start } = row.window;
  const from = Math.floor((instant - start) / MINUTE_MS);
  before.fill(0);
  within.fill(0);
  const isUsed = chats.addSlots(start - HOUR_MS, row.workspaceId, before);
  chats.addSlots(start, row.workspaceId, within);
  return peakEndingFrom(isUsed ? before : null, within, from);
}
