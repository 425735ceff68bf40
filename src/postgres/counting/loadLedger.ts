import {
  emptyLedger,
  type AutomaticMeasure,
  type Crossing,
  type Ledger,
  type Level,
  type Notice,
  type NoticeKind,
  type NoticeStatus,
  type OverageStep,
} from '../../domain/judging/ledger.js';
import type { LimitRule } from '../../domain/policy/policy.js';
import type { WindowKind } from '../../domain/windows/window.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

interface CrossingRow {
  account_id: string;
  rule: LimitRule;
  workspace_id: string;
  window_start: number;
  window_end: number;
  level: Level;
  limit_value: number;
  used: number;
  crossed_at: number;
  cause_event_id: string | null;
  continues_episode: boolean;
  episode_start: number | null;
  detected_at: number;
}

export interface NoticeRow {
  account_id: string;
  notification_id: string;
  kind: NoticeKind;
  rule: LimitRule;
  workspace_id: string;
  window_kind: WindowKind;
  window_start: number;
  window_end: number;
  level: Level;
  limit_value: number;
  generation: number;
  status: NoticeStatus;
  reason: string | null;
  created_at: number;
  attempted_at: number | null;
  settled_at: number | null;
  record: Readonly<Record<string, unknown>>;
}

interface OverageRow {
  account_id: string;
  kind: OverageStep['kind'];
  rule: LimitRule;
  workspace_id: string;
  window_start: number;
  step_percent: number;
  limit_value: number;
}

interface MeasureRow {
  account_id: string;
  measure_id: string;
  kind: AutomaticMeasure['kind'];
  status: AutomaticMeasure['status'];
  rule: LimitRule;
  workspace_id: string;
  window_start: number;
  window_end: number;
  limit_value: number;
  generation: number;
  effective_from: number;
  effective_until: number;
  updated_at: number;
}

interface StrikeRow {
  account_id: string;
  rule: LimitRule;
  workspace_id: string;
  window_start: number;
  occurred_at: number;
  strike_until: number;
}

/**
 * What was recorded of the accounts for windows that end after `since` (epoch ms), and the notices created after it,
 * in the order of being recorded.
 */
export async function loadLedgers(
  tx: Queryable,
  accountIds: readonly string[],
  since: number,
): Promise<Map<string, Ledger>> {
  const ledgers = new Map(accountIds.map((id) => [id, emptyLedger(since)]));
  if (accountIds.length === 0) return ledgers;
  const values = [accountIds, timestamp(since)];
  const crossings = await tx.query<CrossingRow>(
    `select * from crossings where account_id = any($1::text[]) and window_end > $2
     order by detected_at, window_start, level`,
    values,
  );
  for (const row of crossings.rows) ledgers.get(row.account_id)?.crossings.push(crossing(row));
  const notices = await tx.query<NoticeRow>(
    `select * from notifications
     where account_id = any($1::text[]) and kind in ('THRESHOLD_WARNING', 'UPGRADE_INVITATION', 'CORRECTION')
       and (window_end > $2 or created_at > $2)
     order by created_at, generation`,
    values,
  );
  for (const row of notices.rows) {
    const ledger = ledgers.get(row.account_id);
    if (row.kind === 'CORRECTION') ledger?.corrections.add(row.notification_id);
    else ledger?.notices.push(notice(row));
  }
  const overages = await tx.query<OverageRow>(
    `select * from overages where account_id = any($1::text[]) and window_end > $2
     order by created_at, kind = 'CLOSED', step_percent`,
    values,
  );
  for (const row of overages.rows) {
    ledgers.get(row.account_id)?.overages.push({
      kind: row.kind,
      rule: row.rule,
      workspaceId: row.workspace_id,
      windowStart: row.window_start,
      stepPercent: row.step_percent,
      limit: row.limit_value,
    });
  }
  const measures = await tx.query<MeasureRow>(
    `select * from measures where account_id = any($1::text[]) and rule is not null and window_end > $2
     order by updated_at, generation`,
    values,
  );
  for (const row of measures.rows) ledgers.get(row.account_id)?.measures.push(measure(row));
  const strikes = await tx.query<StrikeRow>(
    `select account_id, rule, workspace_id, window_start, occurred_at, strike_until from violations
     where account_id = any($1::text[]) and strike_until > $2`,
    values,
  );
  for (const row of strikes.rows) {
    ledgers.get(row.account_id)?.strikes.push({
      rule: row.rule,
      workspaceId: row.workspace_id,
      windowStart: row.window_start,
      at: row.occurred_at,
      until: row.strike_until,
    });
  }
  return ledgers;
}

function measure(row: MeasureRow): AutomaticMeasure {
  return {
    id: row.measure_id,
    kind: row.kind,
    rule: row.rule,
    workspaceId: row.workspace_id,
    window: { start: row.window_start, end: row.window_end },
    limit: row.limit_value,
    generation: row.generation,
    effectiveFrom: row.effective_from,
    status: row.status,
    effectiveUntil: row.effective_until,
    updatedAt: row.updated_at,
  };
}

function crossing(row: CrossingRow): Crossing {
  return {
    rule: row.rule,
    workspaceId: row.workspace_id,
    window: { start: row.window_start, end: row.window_end },
    level: row.level,
    limit: row.limit_value,
    used: row.used,
    crossedAt: row.crossed_at,
    causeEventId: row.cause_event_id,
    continuesEpisode: row.continues_episode,
    episodeStart: row.episode_start,
    detectedAt: row.detected_at,
  };
}

/** A notice about a limit as the domain knows it. */
export function notice(row: NoticeRow): Notice {
  return {
    id: row.notification_id,
    kind: row.kind,
    rule: row.rule,
    workspaceId: row.workspace_id,
    windowKind: row.window_kind,
    window: { start: row.window_start, end: row.window_end },
    level: row.level,
    limit: row.limit_value,
    generation: row.generation,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at,
    attempted: row.attempted_at !== null,
    sentAt: row.status === 'SENT' ? row.settled_at : null,
    record: row.record,
  };
}
