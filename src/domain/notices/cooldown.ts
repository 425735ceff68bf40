import type { Notice } from '../judging/ledger.js';
import type { LimitRule } from '../policy/policy.js';

interface Scope {
  readonly rule: LimitRule;
  readonly workspaceId: string;
}

const sameScope = (notice: Notice, scope: Scope): boolean =>
  notice.rule === scope.rule &&
  notice.workspaceId === scope.workspaceId &&
  notice.kind === 'THRESHOLD_WARNING';

/**
 * True while an earlier warning of the scope is younger than the cooldown (between creation times). Cancelled,
 * failed and suppressed ones do not count: the customer got nothing.
 */
export function inCooldown(
  notices: readonly Notice[],
  scope: Scope,
  cooldownMs: number | null,
  now: number,
): boolean {
  if (cooldownMs === null) return false;
  return notices.some(
    (notice) =>
      sameScope(notice, scope) &&
      (notice.status === 'PENDING' || notice.status === 'SENT' || notice.status === 'UNKNOWN') &&
      notice.createdAt > now - cooldownMs,
  );
}

/**
 * The newest warning that a notice's cooldown suppressed: to be issued when that notice fails or is cancelled. One that
 * came after a later warning of the scope was suppressed by that.
 */
export function newestSuppressedBy(notices: readonly Notice[], failed: Notice): Notice | undefined {
  const ofScope = notices.filter((notice) => sameScope(notice, failed));
  const nextWarning = Math.min(
    ...ofScope
      .filter((n) => n !== failed && n.createdAt > failed.createdAt && n.status !== 'SUPPRESSED')
      .map((n) => n.createdAt),
  );
  return ofScope
    .filter(
      (notice) =>
        notice.status === 'SUPPRESSED' &&
        notice.reason === 'cooldown' &&
        notice.createdAt >= failed.createdAt &&
        notice.createdAt < nextWarning,
    )
    .sort((a, b) => a.createdAt - b.createdAt)
    .at(-1);
}
