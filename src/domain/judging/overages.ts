import { figureOf, type AccountState, type UsageWindow } from '../counting/accountState.js';
import { MAX_FIGURE } from '../counting/buckets.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Account } from '../accounts/account.js';
import type { Window } from '../windows/window.js';
import type { Context } from './context.js';
import { commonFields, type Cause } from './records.js';

const DAY_MS = 86_400_000;

/**
 * A monthly or yearly limit is surpassed: Business Development is told (policy, "Limit per month": "our Business
 * Development team will reach out to you").
 */
export function startOverage(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  cause: Cause,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const limit = row.limit ?? 0;
  const id = context.id('overage', 'STARTED', state.accountId, workspaceId, rule, window.start, 100, limit);
  const step = { rule, workspaceId, windowStart: window.start, stepPercent: 100, limit };
  state.ledger?.overages.push(step);
  changes.overages.push({
    ...step,
    id,
    kind: 'STARTED',
    windowEnd: window.end,
    used: figureOf(row),
    createdAt: context.now,
  });
  changes.outgoing.push({
    topic: 'fair-use.overages.v1',
    eventId: id,
    record: {
      overageId: id,
      kind: 'STARTED',
      stepPercent: 100,
      ...contactOf(state.account),
      projectedUsed: projectedUse(figureOf(row), window, cause.at),
      warnedAt: warnedAt(state, row),
      ...commonFields(state, row, null, cause, context),
    },
  });
}

/**
 * The use at the window's end if it goes on as it did on average until `at`; null in the first day, when an average
 * says nothing.
 */
export function projectedUse(used: number, window: Window, at: number): number | null {
  const elapsed = at - window.start;
  if (elapsed < DAY_MS) return null;
  if (at >= window.end) return used;
  const projected = Math.round((used * (window.end - window.start)) / elapsed);
  return Math.max(used, Math.min(projected, MAX_FIGURE));
}

function contactOf(account: Account | null): { accountName: string | null; contactEmail: string | null } {
  const contacts = account?.snapshot.contacts ?? [];
  const contact = contacts.find((c) => c.role === 'OWNER') ?? contacts[0];
  return {
    accountName: account?.snapshot.company ?? contact?.name ?? null,
    contactEmail: contact?.email ?? null,
  };
}

function warnedAt(state: AccountState, row: UsageWindow): number | null {
  const times = (state.ledger?.notices ?? [])
    .filter(
      (notice) =>
        notice.rule === row.rule &&
        notice.workspaceId === row.workspaceId &&
        notice.window.start === row.window.start,
    )
    .flatMap((notice) => (notice.sentAt === null ? [] : [notice.sentAt]));
  return times.length === 0 ? null : Math.min(...times);
}
