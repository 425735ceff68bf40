import type { Overage, Violation } from '../../domain/counting/changes.js';
import type { AutomaticMeasure, Correction, Crossing, Notice } from '../../domain/judging/ledger.js';
import { MEASURE_REASONS } from '../../domain/judging/measures.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

type Of<T> = readonly { readonly accountId: string; readonly it: T }[];

const column = <T, V>(items: Of<T>, value: (it: T) => V): V[] => items.map(({ it }) => value(it));
const accounts = (items: Of<unknown>): string[] => items.map(({ accountId }) => accountId);

/** Crossings are recorded once (primary key); one that is there already means the account was not as believed. */
export async function writeCrossings(tx: Queryable, crossings: Of<Crossing>): Promise<void> {
  if (crossings.length === 0) return;
  await tx.query(
    `insert into crossings (account_id, rule, workspace_id, window_start, window_end, level, limit_value, used,
       crossed_at, cause_event_id, continues_episode, episode_start, detected_at)
     select * from unnest($1::text[], $2::rule[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int2[],
       $7::int8[], $8::int8[], $9::timestamptz[], $10::text[], $11::bool[], $12::timestamptz[], $13::timestamptz[])`,
    [
      accounts(crossings),
      column(crossings, (c) => c.rule),
      column(crossings, (c) => c.workspaceId),
      column(crossings, (c) => timestamp(c.window.start)),
      column(crossings, (c) => timestamp(c.window.end)),
      column(crossings, (c) => c.level),
      column(crossings, (c) => c.limit),
      column(crossings, (c) => c.used),
      column(crossings, (c) => timestamp(c.crossedAt)),
      column(crossings, (c) => c.causeEventId),
      column(crossings, (c) => c.continuesEpisode),
      column(crossings, (c) => (c.episodeStart === null ? null : timestamp(c.episodeStart))),
      column(crossings, (c) => timestamp(c.detectedAt)),
    ],
  );
}

export async function writeViolations(tx: Queryable, violations: Of<Violation>): Promise<void> {
  if (violations.length === 0) return;
  await tx.query(
    `insert into violations (account_id, violation_id, rule, workspace_id, window_start, occurred_at, details, fact,
       generation, strike_until)
     select * from unnest($1::text[], $2::uuid[], $3::rule[], $4::text[], $5::timestamptz[], $6::timestamptz[],
       $7::jsonb[], $8::text[], $9::int[], $10::timestamptz[])`,
    [
      accounts(violations),
      column(violations, (v) => v.id),
      column(violations, (v) => v.rule),
      column(violations, (v) => v.workspaceId),
      column(violations, (v) => (v.windowStart === null ? null : timestamp(v.windowStart))),
      column(violations, (v) => timestamp(v.occurredAt)),
      column(violations, (v) => JSON.stringify(v.details)),
      column(violations, (v) => v.fact?.name ?? null),
      column(violations, (v) => v.fact?.generation ?? null),
      column(violations, ({ strikeUntil }) =>
        typeof strikeUntil === 'number' ? timestamp(strikeUntil) : null,
      ),
    ],
  );
}

export async function writeOverages(tx: Queryable, overages: Of<Overage>): Promise<void> {
  if (overages.length === 0) return;
  await tx.query(
    `insert into overages (account_id, overage_id, kind, step_percent, rule, workspace_id, window_start, window_end,
       used, limit_value, created_at)
     select * from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::rule[], $6::text[], $7::timestamptz[],
       $8::timestamptz[], $9::int8[], $10::int8[], $11::timestamptz[])`,
    [
      accounts(overages),
      column(overages, (o) => o.id),
      column(overages, (o) => o.kind),
      column(overages, (o) => o.stepPercent),
      column(overages, (o) => o.rule),
      column(overages, (o) => o.workspaceId),
      column(overages, (o) => timestamp(o.windowStart)),
      column(overages, (o) => timestamp(o.windowEnd)),
      column(overages, (o) => o.used),
      column(overages, (o) => o.limit),
      column(overages, (o) => timestamp(o.createdAt)),
    ],
  );
  await markClosed(
    tx,
    overages.filter(({ it }) => it.kind === 'CLOSED'),
  );
}

/** Notes on the STARTED rows of closed windows that nothing is left to do for them. */
async function markClosed(tx: Queryable, closed: Of<Overage>): Promise<void> {
  if (closed.length === 0) return;
  await tx.query(
    `update overages o set closed_at = c.closed_at
     from unnest($1::text[], $2::rule[], $3::text[], $4::timestamptz[], $5::timestamptz[])
       as c(account_id, rule, workspace_id, window_start, closed_at)
     where o.account_id = c.account_id and o.rule = c.rule and o.workspace_id = c.workspace_id
       and o.window_start = c.window_start and o.kind = 'STARTED'`,
    [
      accounts(closed),
      column(closed, (o) => o.rule),
      column(closed, (o) => o.workspaceId),
      column(closed, (o) => timestamp(o.windowStart)),
      column(closed, (o) => timestamp(o.createdAt)),
    ],
  );
}

export async function writeNotices(tx: Queryable, notices: Of<Notice | Correction>): Promise<void> {
  if (notices.length === 0) return;
  await tx.query(
    `insert into notifications (account_id, notification_id, kind, rule, workspace_id, window_kind, window_start,
       window_end, level, limit_value, generation, status, reason, created_at, record)
     select * from unnest($1::text[], $2::uuid[], $3::text[], $4::rule[], $5::text[], $6::window_kind[],
       $7::timestamptz[], $8::timestamptz[], $9::int2[], $10::int8[], $11::int[], $12::text[], $13::text[],
       $14::timestamptz[], $15::jsonb[])`,
    [
      accounts(notices),
      column(notices, (n) => n.id),
      column(notices, (n) => n.kind),
      column(notices, (n) => n.rule),
      column(notices, (n) => n.workspaceId),
      column(notices, (n) => n.windowKind),
      column(notices, (n) => timestamp(n.window.start)),
      column(notices, (n) => timestamp(n.window.end)),
      column(notices, (n) => n.level),
      column(notices, (n) => n.limit),
      column(notices, (n) => n.generation),
      column(notices, (n) => n.status),
      column(notices, (n) => n.reason),
      column(notices, (n) => timestamp(n.createdAt)),
      column(notices, (n) => JSON.stringify(n.record)),
    ],
  );
}

/** New status of notices recorded before. */
export async function updateNotices(tx: Queryable, notices: Of<Notice>): Promise<void> {
  if (notices.length === 0) return;
  await tx.query(
    `update notifications n set status = c.status, reason = c.reason, created_at = c.created_at
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
       as c(account_id, notification_id, status, reason, created_at)
     where n.account_id = c.account_id and n.notification_id = c.notification_id`,
    [
      accounts(notices),
      column(notices, (n) => n.id),
      column(notices, (n) => n.status),
      column(notices, (n) => n.reason),
      column(notices, (n) => timestamp(n.createdAt)),
    ],
  );
}

/** Automatic measures as they stand now. */
export async function writeMeasures(tx: Queryable, measures: Of<AutomaticMeasure>): Promise<void> {
  if (measures.length === 0) return;
  await tx.query(
    `insert into measures (account_id, measure_id, kind, status, bot_id, effective_from, effective_until, reason,
       updated_at, rule, workspace_id, window_start, window_end, limit_value, generation)
     select account_id, measure_id, kind, status, null, effective_from, effective_until, reason, updated_at, rule,
       workspace_id, window_start, window_end, limit_value, generation
     from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
       $8::timestamptz[], $9::rule[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::int8[], $14::int[])
       as m(account_id, measure_id, kind, status, effective_from, effective_until, reason, updated_at, rule,
         workspace_id, window_start, window_end, limit_value, generation)
     on conflict (account_id, measure_id) do update set
       status = excluded.status, effective_until = excluded.effective_until, updated_at = excluded.updated_at`,
    [
      accounts(measures),
      column(measures, (m) => m.id),
      column(measures, (m) => m.kind),
      column(measures, (m) => m.status),
      column(measures, (m) => timestamp(m.effectiveFrom)),
      column(measures, (m) => timestamp(m.effectiveUntil)),
      column(measures, (m) => MEASURE_REASONS[m.kind]),
      column(measures, (m) => timestamp(m.updatedAt)),
      column(measures, (m) => m.rule),
      column(measures, (m) => m.workspaceId),
      column(measures, (m) => timestamp(m.window.start)),
      column(measures, (m) => timestamp(m.window.end)),
      column(measures, (m) => m.limit),
      column(measures, (m) => m.generation),
    ],
  );
}
