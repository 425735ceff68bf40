import { isActive, type Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Context } from '../judging/context.js';
import type { Level, Notice, NoticeKind } from '../judging/ledger.js';
import { reaches } from '../judging/levels.js';
import { commonFields, type Cause } from '../judging/records.js';
import type { Limit } from '../policy/policy.js';
import { inCooldown, newestSuppressedBy } from './cooldown.js';
import { isStale } from './staleness.js';

const WARNING = 'THRESHOLD_WARNING';
const INVITATION = 'UPGRADE_INVITATION';

/** Why a warning is not even tried (contract §4): recorded, never published. */
type Suppression = 'account-not-active' | 'window-ended' | 'cooldown';

/** A level was reached: the customer is to be warned (policy: "We will inform the customer via email"). */
export function issueWarning(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  limit: Limit,
  level: Level,
  cause: Cause,
  context: Context,
): void {
  const generation = (state.ledger?.notices ?? []).filter(
    (n) => isFor(n, row, WARNING) && n.level === level,
  ).length;
  const { rule, workspaceId, window } = row;
  const key = [
    'notification',
    WARNING,
    state.accountId,
    workspaceId,
    rule,
    window.start,
    level,
    row.limit ?? 0,
  ];
  const reason = suppression(state, row, limit.cooldownMs, context.now);
  const id = context.id(...key, generation);
  issue(state, changes, noticeOf(WARNING, id, state, row, level, generation, reason, cause, context));
}

/**
 * Sandbox at its limit: "you will be invited to upgrade in order to receive more chats". One invitation per account and
 * month, whichever limit is reached first; one that was cancelled or suppressed invited nobody.
 */
export function inviteUpgrade(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  cause: Cause,
  context: Context,
): void {
  const earlier = (state.ledger?.notices ?? []).filter(
    (n) => n.kind === INVITATION && n.window.start === row.window.start,
  );
  if (earlier.some(({ status }) => status !== 'CANCELLED' && status !== 'SUPPRESSED')) return;
  const generation = earlier.length;
  // Neither rule nor workspace: the invitation is the account's.
  const id = context.id('notification', INVITATION, state.accountId, '', row.window.start, generation);
  const reason = suppression(state, row, null, context.now);
  issue(state, changes, noticeOf(INVITATION, id, state, row, 100, generation, reason, cause, context));
}

function noticeOf(
  kind: NoticeKind,
  id: string,
  state: AccountState,
  row: UsageWindow,
  level: Level,
  generation: number,
  reason: Suppression | null,
  cause: Cause,
  context: Context,
): Notice {
  return {
    id,
    kind,
    rule: row.rule,
    workspaceId: row.workspaceId,
    windowKind: row.kind,
    window: row.window,
    level,
    limit: row.limit ?? 0,
    generation,
    status: reason === null ? 'PENDING' : 'SUPPRESSED',
    reason,
    createdAt: context.now,
    attempted: false,
    sentAt: null,
    record: { notificationId: id, kind, ...commonFields(state, row, level, cause, context) },
  };
}

function issue(state: AccountState, changes: AccountChanges, notice: Notice): void {
  state.ledger?.notices.push(notice);
  changes.consequences.newNotices.push(notice);
  if (notice.status === 'PENDING') publishNotice(changes, notice);
}

/**
 * Still what the customer should read: the same limit stands, its level is reached, and the plan warns (or invites).
 * @param limit in force; the row may be of a window that was not judged by it yet
 */
export function isStillTrue(notice: Notice, row: UsageWindow | undefined, limit: Limit | undefined): boolean {
  if (row === undefined || limit === undefined) return false;
  if (notice.kind === INVITATION ? !limit.inviteUpgrade : limit.warnAt === null) return false;
  return namesLimit(notice, limit) && reaches(figureOf(row), notice.limit, notice.level);
}

/** Whether the limit is the one that the notice names. */
export function namesLimit(notice: Notice, { allowed }: Limit): boolean {
  return allowed.kind === 'limited' && allowed.amount === notice.limit;
}

/** Takes back a notice that is no longer true and not yet sent; what its cooldown held back may go instead. */
export function cancelNotice(
  state: AccountState,
  changes: AccountChanges,
  notice: Notice,
  limitIfTrue: (other: Notice) => Limit | null,
  context: Context,
): void {
  notice.status = 'CANCELLED';
  notice.reason = 'no-longer-true';
  changes.consequences.changedNotices.add(notice);
  const notices = state.ledger?.notices ?? [];
  const heldBack = newestSuppressedBy(notices, notice);
  const limit = heldBack === undefined ? null : limitIfTrue(heldBack);
  if (heldBack === undefined || limit === null || state.account === null) return;
  if (!release(heldBack, state.account, notices, limit, context.now)) return;
  changes.consequences.changedNotices.add(heldBack);
  publishNotice(changes, heldBack);
}

/**
 * Issues a notice that a cooldown suppressed; false: it stays suppressed, because it is stale by now, the account is
 * not active any more or another warning went out meanwhile.
 */
export function release(
  notice: Notice,
  account: Account,
  notices: readonly Notice[],
  limit: Limit,
  now: number,
): boolean {
  if (!isActive(account) || isStale(notice.windowKind, notice.window, now)) return false;
  if (inCooldown(notices, notice, limit.cooldownMs, now)) return false;
  notice.status = 'PENDING';
  notice.reason = null;
  notice.createdAt = now;
  return true;
}

/** The latest warning (or invitation) about the row's limit, when it was cancelled. */
export function cancelledNotice(
  state: AccountState,
  row: UsageWindow,
  kind: 'THRESHOLD_WARNING' | 'UPGRADE_INVITATION',
): Notice | undefined {
  const latest = state.ledger?.notices.findLast((n) => isFor(n, row, kind));
  return latest?.status === 'CANCELLED' ? latest : undefined;
}

function isFor(notice: Notice, row: UsageWindow, kind: NoticeKind): boolean {
  return (
    notice.kind === kind &&
    notice.rule === row.rule &&
    notice.workspaceId === row.workspaceId &&
    notice.window.start === row.window.start &&
    notice.limit === row.limit
  );
}

function suppression(
  state: AccountState,
  row: UsageWindow,
  cooldownMs: number | null,
  now: number,
): Suppression | null {
  if (state.account === null || !isActive(state.account)) return 'account-not-active';
  if (isStale(row.kind, row.window, now)) return 'window-ended';
  return inCooldown(state.ledger?.notices ?? [], row, cooldownMs, now) ? 'cooldown' : null;
}

/** Sends a notice's event out. */
export function publishNotice(changes: AccountChanges, notice: Pick<Notice, 'id' | 'record'>): void {
  changes.consequences.outgoing.push({
    topic: 'fair-use.notifications.v1',
    eventId: notice.id,
    record: notice.record,
  });
}
