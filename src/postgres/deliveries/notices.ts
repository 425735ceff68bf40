import type { NoticeKind, NoticeStatus } from '../../domain/judging/ledger.js';
import type { NoticeState } from '../../domain/notices/delivery/fold.js';
import type { WindowKind } from '../../domain/windows/window.js';
import { bumpHeads } from '../counting/heads.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

/** A notice by what names it. */
export interface NoticeKey {
  readonly accountId: string;
  readonly notificationId: string;
}

/** A notice as the mailer reads it; times in epoch milliseconds. */
export interface NoticeRow extends NoticeKey {
  readonly kind: NoticeKind;
  readonly rule: string;
  /** Empty where the scope is the account. */
  readonly workspaceId: string;
  readonly windowKind: WindowKind | null;
  readonly windowStart: number | null;
  readonly windowEnd: number | null;
  readonly level: number | null;
  readonly limit: number | null;
  readonly status: NoticeStatus;
  readonly attempted: boolean;
  /** The event as published. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** The notice, or `null` when this database has none of that name. */
export async function loadNotice(tx: Queryable, key: NoticeKey): Promise<NoticeRow | null> {
  const { rows } = await tx.query<NoticeRow>(
    `select account_id as "accountId", notification_id as "notificationId", kind, rule::text as rule,
       workspace_id as "workspaceId", window_kind::text as "windowKind", window_start as "windowStart",
       window_end as "windowEnd", level, limit_value as "limit", status, attempted_at is not null as attempted, record
     from notifications where account_id = $1 and notification_id = $2`,
    [key.accountId, key.notificationId],
  );
  return rows[0] ?? null;
}

/**
 * Moves a notice to its end. The account's head must be locked: its version moves too.
 * @param now business time, epoch milliseconds
 */
export async function settleNotice(
  tx: Queryable,
  key: NoticeKey,
  state: NoticeState,
  now: number,
): Promise<void> {
  await tx.query(
    `update notifications set status = $3, reason = $4, settled_at = $5
     where account_id = $1 and notification_id = $2`,
    [key.accountId, key.notificationId, state.status, state.reason, timestamp(now)],
  );
  await bumpHeads(tx, [key.accountId]);
}

/**
 * Records the first attempt: from now on the notice can no longer be cancelled. The account's head must be locked.
 * @param now business time, epoch milliseconds
 */
export async function markAttempted(tx: Queryable, key: NoticeKey, now: number): Promise<void> {
  await tx.query(
    `update notifications set attempted_at = $3
     where account_id = $1 and notification_id = $2 and attempted_at is null`,
    [key.accountId, key.notificationId, timestamp(now)],
  );
  await bumpHeads(tx, [key.accountId]);
}
