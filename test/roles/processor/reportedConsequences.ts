import type pg from 'pg';
import { overageStep, sortedLines, type Consequences } from '../../support/consequences.js';

interface Scope {
  account_id: string;
  workspace_id: string | null;
  rule: string;
  window_start: number;
}

/** What the reporting views say of overages, measures, invitations and facts, in the terms of the recount. */
export async function reportedConsequences(pool: pg.Pool): Promise<Consequences> {
  const overages = await pool.query<
    Scope & { kind: string; step_percent: number; used: number; limit_value: number }
  >('select * from reporting.overages');
  const measures = await pool.query<{
    account_id: string;
    status: string;
    limit_value: number;
    effective_from: number;
    effective_until: number;
  }>(`select m.*, t.limit_value from reporting.measures m join measures t using (account_id, measure_id)`);
  const invitations = await pool.query<Scope & { status: string; created_at: number; reason: string | null }>(
    `select * from reporting.notifications where kind = 'UPGRADE_INVITATION'`,
  );
  const facts = await pool.query<
    Scope & {
      occurred_at: number;
      closed_at: number | null;
      record: { used: number | null; limit: number | null; causeEventId: string | null };
    }
  >(
    `select v.*, o.record from reporting.violations v
     join outbox o on o.account_id = v.account_id and o.event_id = v.violation_id
     where v.window_start is null`,
  );
  return {
    overages: sortedLines(
      overages.rows.map((o) => [
        ...[o.account_id, o.rule, o.workspace_id ?? '', o.window_start],
        ...overageStep({ kind: o.kind, stepPercent: o.step_percent, limit: o.limit_value, used: o.used }),
      ]),
    ),
    measures: sortedLines(
      measures.rows.map((m) => [m.account_id, m.status, m.limit_value, m.effective_from, m.effective_until]),
    ),
    invitations: sortedLines(
      invitations.rows.map((n) => [
        n.account_id,
        n.window_start,
        n.status === 'PENDING' ? 'DUE' : n.status,
        n.created_at,
        n.status === 'SUPPRESSED' ? n.reason : null,
      ]),
    ),
    facts: sortedLines(
      facts.rows.map(({ record: { used, limit, causeEventId }, ...f }) => [
        ...[f.account_id, f.rule, f.workspace_id ?? '', f.occurred_at, f.closed_at],
        ...[used, limit, causeEventId],
      ]),
    ),
  };
}
