import { isActive, type Account } from '../accounts/account.js';
import { figureOf, type AccountState, type UsageWindow } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Context } from '../judging/context.js';
import type { Level, Notice, NoticeKind } from '../judging/ledger.js';
import { reaches } from '../judging/levels.js';
import { commonFields, type Cause } from '../judging/records.js';
import type { Limit } from '../policy/policy.js';
import { inCooldown, newestSuppressedBy } from './cooldown.js';
import { isStale } from './staleness.js';

const KIND: NoticeKind = 'THRESHOLD_WARNING';

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
  const notices = state.ledger?.notices ?? [];
  const generation = notices.filter((n) => isFor(n, row) && n.level === level).length;
  const { rule, workspaceId, window, kind } = row;
  const amount = row.limit ?? 0;
  const id = context.id(
    'notification',
    KIND,
    state.accountId,
    workspaceId,
    rule,
    window.start,
    level,
    amount,
    generation,
  );
  const reason = suppression(state, row, limit, context.now);
  const notice: Notice = {
    id,
    kind: KIND,
    rule,
    workspaceId,
    windowKind: kind,
    window,
    level,
    limit: amount,
    generation,
    status: reason === null ? 'PENDING' : 'SUPPRESSED',
    reason,
    createdAt: context.now,
    attempted: false,
    sentAt: null,
    record: { notificationId: id, kind: KIND, ...commonFields(state, row, level, cause, context) },
  };
  notices.push(notice);
  changes.newNotices.push(notice);
  if (reason === null) publish(changes, notice);
}

/** Still what the customer should read: the same limit stands, its level is reached, and the plan warns. */
export function isStillTrue(notice: Notice, row: UsageWindow | undefined, limit: Limit | undefined): boolean {
  if (row === undefined || limit === undefined || limit.warnAt === null) return false;
  return row.limit === notice.limit && reaches(figureOf(row), notice.limit, notice.level);
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
  changes.changedNotices.add(notice);
  const notices = state.ledger?.notices ?? [];
  const heldBack = newestSuppressedBy(notices, notice);
  const limit = heldBack === undefined ? null : limitIfTrue(heldBack);
  if (heldBack === undefined || limit === null || state.account === null) return;
  if (!release(heldBack, state.account, notices, limit, context.now)) return;
  changes.changedNotices.add(heldBack);
  publish(changes, heldBack);
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

/** The latest notice about the row's limit, when it was cancelled. */
export function cancelledNotice(state: AccountState, row: UsageWindow): Notice | undefined {
  const latest = state.ledger?.notices.findLast((n) => isFor(n, row));
  return latest?.status === 'CANCELLED' ? latest : undefined;
}

function isFor(notice: Notice, row: UsageWindow): boolean {
  return (
    notice.kind === KIND &&
    notice.rule === row.rule &&
    notice.workspaceId === row.workspaceId &&
    notice.window.start === row.window.start &&
    notice.limit === row.limit
  );
}

function suppression(state: AccountState, row: UsageWindow, limit: Limit, now: number): Suppression | null {
  if (state.account === null || !isActive(state.account)) return 'account-not-active';
  if (isStale(row.kind, row.window, now)) return 'window-ended';
  return inCooldown(state.ledger?.notices ?? [], row, limit.cooldownMs, now) ? 'cooldown' : null;
}

function publish(changes: AccountChanges, notice: Notice): void {
  changes.outgoing.push({ topic: 'fair-use.notifications.v1', eventId: notice.id, record: notice.record });
}
