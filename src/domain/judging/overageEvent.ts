import type { Account } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import type { AccountChanges, Overage } from '../counting/changes.js';
import type { Context } from './context.js';
import { commonFields, type Cause } from './records.js';

/**
 * Records an overage event of a window's row and sends it out. `projectedUsed` and `limit` are figures of the rule's
 * metric; the id names the event and decides what a repeat is.
 */
export function emitOverage(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  event: Pick<Overage, 'id' | 'kind' | 'stepPercent' | 'limit'> & { readonly projectedUsed: number | null },
  cause: Cause,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const { id, kind, stepPercent, limit, projectedUsed } = event;
  const step = { kind, rule, workspaceId, windowStart: window.start, stepPercent, limit };
  state.ledger?.overages.push(step);
  changes.consequences.overages.push({
    ...step,
    id,
    windowEnd: window.end,
    used: figureOf(row),
    createdAt: context.now,
  });
  changes.consequences.outgoing.push({
    topic: 'fair-use.overages.v1',
    eventId: id,
    record: {
      overageId: id,
      kind,
      stepPercent,
      ...contactOf(state.account),
      projectedUsed,
      warnedAt: warnedAt(state, row),
      ...commonFields(state, row, null, cause, context),
      limit,
    },
  });
}

function contactOf(account: Account | null): { accountName: string | null; contactEmail: string | null } {
  const contacts = account?.snapshot.contacts ?? [];
  const contact = contacts.find((c) => c.role === 'OWNER') ?? contacts[0];
  return {
    accountName: account?.snapshot.company ?? contact?.name ?? null,
    contactEmail: contact?.email ?? null,
  };
}

/** When the first warning of the window was accepted by a mail server; an invitation to upgrade warns of nothing. */
function warnedAt(state: AccountState, row: UsageWindow): number | null {
  const times = (state.ledger?.notices ?? [])
    .filter(
      (notice) =>
        notice.kind === 'THRESHOLD_WARNING' &&
        notice.rule === row.rule &&
        notice.workspaceId === row.workspaceId &&
        notice.window.start === row.window.start,
    )
    .flatMap((notice) => (notice.sentAt === null ? [] : [notice.sentAt]));
  return times.length === 0 ? null : Math.min(...times);
}
