import { rulingFor, limitOf } from '../domain/judging/limits.js';
import type { Context } from '../domain/judging/context.js';
import { newestSuppressedBy } from '../domain/notices/cooldown.js';
import { isStillTrue, release } from '../domain/notices/issue.js';
import { loadAccounts } from '../postgres/counting/loadAccounts.js';
import { loadScopeNotices, loadScopeWindow, type ScopeKey } from '../postgres/counting/loadScope.js';
import { updateNotices } from '../postgres/counting/writeLedger.js';
import { appendOutbox } from '../postgres/outbox/append.js';
import type { Queryable } from '../postgres/transaction.js';

/**
 * A notice has failed: the newest one that its cooldown held back is issued, if it is still true (contract §6). The
 * account must be locked and its version moved in the same transaction.
 */
export async function releaseSuppressed(
  tx: Queryable,
  scope: ScopeKey,
  failedId: string,
  context: Context,
): Promise<void> {
  const notices = await loadScopeNotices(tx, scope);
  const failed = notices.find(({ id }) => id === failedId);
  const heldBack = failed === undefined ? undefined : newestSuppressedBy(notices, failed);
  const account = (await loadAccounts(tx, [scope.accountId])).get(scope.accountId);
  if (heldBack === undefined || account === undefined) return;
  const row = await loadScopeWindow(tx, scope, heldBack.window.start);
  const limit = limitOf(
    rulingFor(account, heldBack.window, context.now, context),
    scope.rule,
    scope.workspaceId,
  );
  if (limit === undefined || !isStillTrue(heldBack, row, limit)) return;
  if (!release(heldBack, account, notices, limit, context.now)) return;
  await updateNotices(tx, [{ accountId: scope.accountId, it: heldBack }]);
  await appendOutbox(tx, [
    {
      accountId: scope.accountId,
      event: { topic: 'fair-use.notifications.v1', eventId: heldBack.id, record: heldBack.record },
    },
  ]);
}
