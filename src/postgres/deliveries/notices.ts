import type { NoticeKind, NoticeStatus } from '../../domain/judging/ledger.js';
import type { NoticeState } from '../../domain/notices/delivery/fold.js';
import type { WindowKind } from '../../domain/windows/window.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

// In the same statement as what moves them: each one more is a round trip for which counting waits for the accounts.
const MOVE_VERSIONS = 'update account_heads set version = version + 1 where account_id = any($1::text[])';

/** The columns of a {@link NoticeRow}, of notifications `n`. */
export const NOTICE = `n.account_id as "accountId", n.notification_id as "notificationId", n.kind,
  n.rule::text as rule, n.workspace_id as "workspaceId", n.window_kind::text as "windowKind",
  n.window_start as "windowStart", n.window_end as "windowEnd", n.level, n.limit_value as "limit", n.status,
  n.attempted_at is not null as attempted, n.record`;

/** The notices `n` of arrays of accounts ($1) and ids ($2). */
export const NOTICES = `unnest($1::text[], $2::uuid[]) as k(account_id, notification_id)
  join notifications n on n.account_id = k.account_id and n.notification_id = k.notification_id`;

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

/** Notices, one of each account at most, by account; without those that this database does not have. */
export async function loadNotices(
  tx: Queryable,
  keys: readonly NoticeKey[],
): Promise<Map<string, NoticeRow>> {
  const { rows } = await tx.query<NoticeRow>(`select ${NOTICE} from ${NOTICES}`, [
    keys.map(({ accountId }) => accountId),
    keys.map(({ notificationId }) => notificationId),
  ]);
  return new Map(rows.map((row) => [row.accountId, row]));
}

/**
 * Moves notices to their ends. The heads of their accounts must be locked: their versions move too.
 * @param now business time, epoch milliseconds
 */
export async function settleNotices(
  tx: Queryable,
  settled: readonly { readonly notice: NoticeKey; readonly state: NoticeState }[],
  now: number,
): Promise<void> {
  if (settled.length === 0) return;
  await tx.query(
    `with settled as (
       update notifications n set status = s.status, reason = s.reason, settled_at = $5
       from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) as s(account_id, notification_id, status, reason)
       where n.account_id = s.account_id and n.notification_id = s.notification_id)
     ${MOVE_VERSIONS}`,
    [
      settled.map(({ notice }) => notice.accountId),
      settled.map(({ notice }) => notice.notificationId),
      settled.map(({ state }) => state.status),
      settled.map(({ state }) => state.reason),
      timestamp(now),
    ],
  );
}

/**
 * Records the first attempt of notices: from now on they can no longer be cancelled. The heads of their accounts must be
 * locked.
 * @param now business time, epoch milliseconds
 */
export async function markAttempted(tx: Queryable, keys: readonly NoticeKey[], now: number): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    `with attempted as (
       update notifications n set attempted_at = $3
       from unnest($1::text[], $2::uuid[]) as k(account_id, notification_id)
       where n.account_id = k.account_id and n.notification_id = k.notification_id and n.attempted_at is null)
     ${MOVE_VERSIONS}`,
    [
      keys.map(({ accountId }) => accountId),
      keys.map(({ notificationId }) => notificationId),
      timestamp(now),
    ],
  );
}

/**
 * Takes back the first attempt of a notice of which no delivery is attempted: it can be cancelled again. The head of its
 * account must be locked.
 */
export async function clearAttempted(tx: Queryable, { accountId, notificationId }: NoticeKey): Promise<void> {
  await tx.query(
    `with cleared as (
       update notifications set attempted_at = null
       where account_id = $1 and notification_id = $2 and attempted_at is not null and status = 'PENDING'
         and not exists (
           select from deliveries where account_id = $1 and notification_id = $2 and attempts > 0)
       returning account_id)
     update account_heads set version = version + 1 where account_id in (select account_id from cleared)`,
    [accountId, notificationId],
  );
}
