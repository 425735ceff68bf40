import type { UsageWindow } from '../../domain/counting/usageWindow.js';
import type { Notice } from '../../domain/judging/ledger.js';
import { RULES, type LimitRule } from '../../domain/policy/policy.js';
import { sharedWindow } from '../../domain/windows/window.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';
import { notice, type NoticeRow } from './loadLedger.js';
import { texts, type StoredWindow } from './loadUsage.js';

export interface ScopeKey {
  readonly accountId: string;
  readonly rule: LimitRule;
  readonly workspaceId: string;
}

/** All warnings of a scope of a rule, oldest first. */
export async function loadScopeNotices(tx: Queryable, key: ScopeKey): Promise<Notice[]> {
  const { rows } = await tx.query<NoticeRow>(
    `select * from notifications
     where account_id = $1 and rule = $2 and workspace_id = $3 and kind = 'THRESHOLD_WARNING'
     order by created_at, generation`,
    [key.accountId, key.rule, key.workspaceId],
  );
  return rows.map(notice);
}

/** The figure of a scope of a rule in the window that starts at `start` (epoch ms). */
export async function loadScopeWindow(
  tx: Queryable,
  key: ScopeKey,
  start: number,
): Promise<UsageWindow | undefined> {
  const { rows } = await tx.query<StoredWindow>(
    'select * from windows where account_id = $1 and rule = $2 and workspace_id = $3 and window_start = $4',
    [key.accountId, key.rule, key.workspaceId, timestamp(start)],
  );
  return rows.map(usageWindow)[0];
}

/** A stored row as the domain knows it. */
export function usageWindow(row: StoredWindow): UsageWindow {
  return {
    rule: texts.of(row.rule) as LimitRule,
    kind: RULES[row.rule].windowKind,
    workspaceId: texts.of(row.workspace_id),
    window: sharedWindow(row.window_start, row.window_end),
    used: row.used,
    peak: row.peak_60m,
    limit: row.limit_value,
    plan: texts.of(row.plan),
    policyVersion: texts.of(row.policy_version),
    // Judged at the first event that touches it; the ledger says what was recorded.
    judgeFrom: 0,
    stored: true,
  };
}
