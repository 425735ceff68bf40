import type { Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import { LATE_HORIZON_MS } from '../counting/readUpTo.js';
import { publishNotice } from '../notices/issue.js';
import { limitsOf, policyAt } from '../policy/policy.js';
import type { Context } from './context.js';
import type { Correction, Notice } from './ledger.js';
import { limitOf, raised } from './limits.js';

/**
 * Takes back what sent notices said of a limit, where the account's snapshot is dated before the crossing and shows
 * that the limit was another one (contract §4, CORRECTION); a figure that moved since is no reason. Each notice is
 * corrected once for each limit. A crossing that the late horizon has passed is left as it is.
 * @param arrivedAt when the snapshot arrived, epoch ms
 */
export function correctNotices(
  state: AccountState,
  changes: AccountChanges,
  arrivedAt: number,
  context: Context,
): void {
  const { account, ledger } = state;
  if (account === null || ledger === null) return;
  const since = correctedSince(account.snapshot.updatedAt, arrivedAt);
  for (const notice of ledger.notices) {
    if (!wasSent(notice) || crossedAt(notice) <= since) continue;
    const limit = limitAtCrossing(account, notice, context);
    const id = context.id('notification', 'CORRECTION', notice.id, limit ?? 'unlimited');
    if (limit === notice.limit || ledger.corrections.has(id)) continue;
    const correction = correctionOf(notice, id, limit, account, context);
    ledger.corrections.add(id);
    changes.consequences.newNotices.push(correction);
    publishNotice(changes, correction);
  }
}

/** Crossings after this instant (epoch ms) may be corrected by a snapshot dated `updatedAt`: the ledger must reach back. */
export function correctedSince(updatedAt: number, arrivedAt: number): number {
  return Math.max(Math.min(updatedAt, arrivedAt), arrivedAt - LATE_HORIZON_MS);
}

// One that was tried cannot be called back, and an unknown one may have been read.
function wasSent({ status, attempted }: Notice): boolean {
  return status === 'SENT' || status === 'UNKNOWN' || (status === 'PENDING' && attempted);
}

function crossedAt({ record }: Notice): number {
  return Number(record['occurredAt']);
}

/** The limit that the snapshot's plan had in the notice's window, by the policy that the notice names; null: none. */
function limitAtCrossing(account: Account, notice: Notice, context: Context): number | null {
  const { policy } = context;
  const named = policy.versions.find(({ version }) => version === notice.record['policyVersion']);
  const version = named ?? policyAt(policy, crossedAt(notice));
  const { plan } = account.snapshot;
  const limits = raised(limitsOf(version, plan), account.allowances, notice.window);
  const limit = limitOf({ plan, version, limits }, notice.rule, notice.workspaceId);
  return limit?.allowed.kind === 'limited' ? limit.allowed.amount : null;
}

function correctionOf(
  notice: Notice,
  id: string,
  limit: number | null,
  { snapshot }: Account,
  context: Context,
): Correction {
  return {
    ...notice,
    id,
    kind: 'CORRECTION',
    limit,
    generation: 0,
    status: 'PENDING',
    reason: null,
    createdAt: context.now,
    attempted: false,
    sentAt: null,
    record: {
      ...notice.record,
      notificationId: id,
      kind: 'CORRECTION',
      plan: snapshot.plan,
      limit,
      causeEventId: null,
      occurredAt: snapshot.updatedAt,
      detectedAt: context.now,
    },
  };
}
