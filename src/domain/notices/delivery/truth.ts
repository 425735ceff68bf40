import type { AccountStatus } from '../../accounts/snapshot.js';
import type { NoticeKind, NoticeStatus } from '../../judging/ledger.js';
import type { WindowKind } from '../../windows/window.js';
import { isStale } from '../staleness.js';

/** What decides whether a notice is still to be mailed. */
export interface UnsentNotice {
  readonly kind: NoticeKind;
  readonly status: NoticeStatus;
  /** A delivery was attempted before: nothing is judged again (contract §3). */
  readonly attempted: boolean;
  readonly windowKind: WindowKind | null;
  /** Epoch milliseconds. */
  readonly windowStart: number | null;
  readonly windowEnd: number | null;
}

export type Verdict =
  | { readonly kind: 'mail' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'suppress'; readonly reason: 'account-not-active' | 'window-ended' };

// A measure or a correction concerns the customer whatever the state of the account (contract §3).
const ALWAYS_TOLD: readonly NoticeKind[] = ['MEASURE_NOTICE', 'CORRECTION'];

/**
 * Whether a notice is still true and the account still to be told, at the moment before it is mailed.
 * @param now business time, epoch milliseconds
 */
export function judgeBeforeSending(notice: UnsentNotice, accountStatus: AccountStatus, now: number): Verdict {
  if (notice.status === 'CANCELLED' || notice.status === 'SUPPRESSED') return { kind: 'cancel' };
  if (notice.attempted) return { kind: 'mail' };
  if (notice.status !== 'PENDING') return { kind: 'cancel' };
  const active = accountStatus !== 'SUSPENDED' && accountStatus !== 'CLOSED';
  if (!active && !ALWAYS_TOLD.includes(notice.kind))
    return { kind: 'suppress', reason: 'account-not-active' };
  return hasEnded(notice, now) ? { kind: 'suppress', reason: 'window-ended' } : { kind: 'mail' };
}

function hasEnded({ kind, windowKind, windowStart, windowEnd }: UnsentNotice, now: number): boolean {
  if (kind !== 'THRESHOLD_WARNING') return false;
  if (windowKind === null || windowStart === null || windowEnd === null) return false;
  return isStale(windowKind, { start: windowStart, end: windowEnd }, now);
}
