import type { Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import { WHOLE_ACCOUNT } from '../counting/buckets.js';
import type { AccountChanges } from '../counting/changes.js';
import { openRow, windowOf, windowToBe } from '../counting/count.js';
import { noNeeds, widen, type Needs } from '../counting/needs.js';
import {
  cancelledNotice,
  cancelNotice,
  inviteUpgrade,
  isStillTrue,
  issueWarning,
  namesLimit,
} from '../notices/issue.js';
import { limitsOf, policyAt, RULES, type Limit, type Metric } from '../policy/policy.js';
import { windowAt } from '../windows/calendar.js';
import { HOUR_MS, hourOf, type Window, type WindowKind } from '../windows/window.js';
import type { Context } from './context.js';
import { judge, ledgerOf, putUnder } from './judge.js';
import type { Notice } from './ledger.js';
import { reaches } from './levels.js';
import { settleMeasure } from './measures.js';
import { limitOf, rulingFor, type Ruling } from './limits.js';
import type { Cause } from './records.js';

// Events may be this far ahead of their arrival, so a window that begins within it may already be in use.
const AHEAD_MS = 10 * 60_000;
const KINDS: readonly WindowKind[] = ['hour', 'month', 'year'];

/** The windows open at an instant (epoch ms), and those about to open that may already be in use. */
export function openWindows(
  at: number,
  windowAtInstant: (kind: WindowKind, instant: number) => Window,
): { kind: WindowKind; window: Window }[] {
  return KINDS.flatMap((kind) => {
    const now = windowAtInstant(kind, at);
    const soon = windowAtInstant(kind, at + AHEAD_MS);
    return (soon.start === now.start ? [now] : [now, soon]).map((window) => ({ kind, window }));
  });
}

/**
 * Judges every open window by the limits now in force: rules newly named get their rows as sums over the window, rules
 * no longer named keep theirs without a limit; what is no longer true and not yet sent is cancelled, what became true
 * fires.
 */
export function rejudgeOpen(
  state: AccountState,
  changes: AccountChanges,
  at: number,
  cause: Cause,
  context: Context,
): void {
  const { account } = state;
  if (account === null) return;
  const judged: { row: UsageWindow; limit: Limit | undefined }[] = [];
  // A window about to open is not opened by looking at it: settings that are changed before it begins still move its end.
  const look = (kind: WindowKind, instant: number): Window =>
    instant > at ? windowToBe(state, kind, instant) : windowOf(state, changes, kind, instant);
  for (const { kind, window } of openWindows(at, look)) {
    const ruling = rulingFor(account, window, at, context);
    openNewlyNamed(state, ruling, kind, window);
    const rows = state.windows.startingAt(window.start).filter((row) => row.kind === kind);
    for (const row of inOrder(rows, ruling)) {
      const limit = limitOf(ruling, row.rule, row.workspaceId);
      putUnder(row, limit, ruling, ledgerOf(state));
      changes.windows.add(row);
      judged.push({ row, limit });
    }
  }
  cancelUntrue(state, changes, at, context);
  for (const { row, limit } of judged) {
    judge(state, changes, row, limit, cause, context);
    reissue(state, changes, row, limit, cause, context);
    settleMeasure(state, changes, row, limit, cause, context);
  }
}

/**
 * Limits that one change shows to be reached are judged in the order of {@link RULES}, then by workspace: of an account's
 * invitations the first one stands, and in which order rows were loaded must not choose it.
 */
function inOrder(rows: readonly UsageWindow[], { limits }: Ruling): UsageWindow[] {
  const place = ({ rule }: UsageWindow): number => limits.findIndex((limit) => limit.rule === rule);
  return rows.toSorted((a, b) => place(a) - place(b) || (a.workspaceId < b.workspaceId ? -1 : 1));
}

function openNewlyNamed(state: AccountState, ruling: Ruling, kind: WindowKind, window: Window): void {
  for (const limit of ruling.limits) {
    if (limit.windowKind !== kind) continue;
    const buckets = state.bucketsOf(RULES[limit.rule].metric);
    const used = buckets.workspacesIn(window);
    const scopes = limit.scope === 'workspace' ? used : used.length === 0 ? [] : [WHOLE_ACCOUNT];
    for (const scope of scopes) {
      if (state.findWindow(limit.rule, scope, window.start) === undefined)
        openRow(state, limit.rule, scope, window);
    }
  }
}

function cancelUntrue(state: AccountState, changes: AccountChanges, at: number, context: Context): void {
  const limitIfTrue = (notice: Notice): Limit | null => {
    if (state.account === null) return null;
    const ruling = rulingFor(state.account, notice.window, at, context);
    const limit = limitOf(ruling, notice.rule, notice.workspaceId);
    // An ended window keeps its limit, and its figure only grows: true while that limit is the one the notice names.
    if (notice.window.end <= at) return limit !== undefined && namesLimit(notice, limit) ? limit : null;
    const row = state.findWindow(notice.rule, notice.workspaceId, notice.window.start);
    return limit !== undefined && isStillTrue(notice, row, limit) ? limit : null;
  };
  for (const notice of [...ledgerOf(state).notices]) {
    const open = notice.status === 'PENDING' && !notice.attempted && notice.window.end > at;
    if (open && limitIfTrue(notice) === null) cancelNotice(state, changes, notice, limitIfTrue, context);
  }
}

/** A notice that was cancelled is issued anew when its crossing becomes true again. */
function reissue(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  limit: Limit | undefined,
  cause: Cause,
  context: Context,
): void {
  if (limit === undefined || row.limit === null) return;
  const warning = limit.warnAt === null ? undefined : cancelledNotice(state, row, 'THRESHOLD_WARNING');
  if (warning !== undefined && reaches(figureOf(row), row.limit, warning.level)) {
    issueWarning(state, changes, row, limit, warning.level, cause, context);
  }
  const invitation = limit.inviteUpgrade ? cancelledNotice(state, row, 'UPGRADE_INVITATION') : undefined;
  if (invitation !== undefined && reaches(figureOf(row), row.limit, invitation.level)) {
    inviteUpgrade(state, changes, row, cause, context);
  }
}

/**
 * What has to be loaded before the windows of an account that are open at `at` (epoch ms) can be judged anew: their
 * rows, and the sums of what the limits in force name. `since`: the ledger must reach back to here.
 */
export function needsOfRejudge(
  account: Account,
  at: number,
  since: number,
  context: Context,
): { needs: Needs; sums: Map<Metric, Window> } {
  // A window that is over by what was counted may be open by this change: topics are not read in step. Its notices are looked at.
  const needs = noNeeds(since, hourOf(at).start);
  const sums = new Map<Metric, Window>();
  const limits = limitsOf(policyAt(context.policy, at), account.snapshot.plan);
  // Nothing is opened here: a window opened before the snapshot's settings are taken would keep the old ones.
  const peek = (kind: WindowKind, instant: number): Window =>
    kind === 'hour' ? hourOf(instant) : windowAt(account.calendar, kind, instant).window;
  for (const { kind, window } of openWindows(at, peek)) {
    needs.windowStarts.add(window.start);
    for (const { metric } of limits.filter(({ windowKind }) => windowKind === kind)) {
      if (kind === 'hour') {
        const hours = [window.start - HOUR_MS, window.start, window.end];
        needs.periods.set(metric, new Set([...(needs.periods.get(metric) ?? []), ...hours]));
        continue;
      }
      widen(sums, metric, window);
    }
  }
  return { needs, sums };
}
