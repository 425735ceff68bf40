import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import type { AccountChanges } from '../counting/changes.js';
import { inviteUpgrade, issueWarning } from '../notices/issue.js';
import type { Limit } from '../policy/policy.js';
import type { Context } from './context.js';
import { episodeOf, tookAllBack } from './episodes.js';
import { hasCrossing, type Crossing, type Ledger, type Level } from './ledger.js';
import { firstFigureAt, reaches } from './levels.js';
import { settleMeasure } from './measures.js';
import { nextOverageFigure, tellOverage } from './overages.js';
import { commonFields, type Cause } from './records.js';
import { strike, strikesAt } from './strikes.js';
import type { Ruling } from './limits.js';

/** Puts a row under a limit (undefined: none applies), and notes from which figure on it needs judging. */
export function putUnder(row: UsageWindow, limit: Limit | undefined, ruling: Ruling, ledger: Ledger): void {
  row.limit = limit?.allowed.kind === 'limited' ? limit.allowed.amount : null;
  row.plan = ruling.plan;
  row.policyVersion = ruling.version.version;
  row.judgeFrom = nextFigureToJudge(row, limit, ledger);
}

/**
 * Records every level that the row's figure has reached and that is not yet recorded for its limit, with what
 * follows: the warning (80 %), the violation (100 %) and the overage (past 100 %). Judging twice changes nothing.
 */
export function judge(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  limit: Limit | undefined,
  cause: Cause,
  context: Context,
): void {
  if (limit === undefined || row.limit === null || figureOf(row) < row.judgeFrom) return;
  const ledger = ledgerOf(state);
  const amount = row.limit;
  const reached = levelsOf(limit).filter(
    (level) => reaches(figureOf(row), amount, level) && !hasCrossing(ledger, row, level, amount),
  );
  const crossings = reached.map((level) =>
    recordCrossing(ledger, changes, row, amount, level, cause, context),
  );
  const warned = crossings.find(({ level }) => level === limit.warnAt);
  const isUntold = warned !== undefined && (!warned.continuesEpisode || tookAllBack(ledger, warned));
  // One event past both levels makes one warning, and it says that the limit is reached.
  if (limit.warnAt !== null && isUntold) {
    issueWarning(state, changes, row, limit, reached.includes(100) ? 100 : limit.warnAt, cause, context);
  }
  if (crossings.some((c) => c.level === 100 && !c.continuesEpisode)) {
    recordViolation(state, changes, row, limit, cause, context);
    if (limit.inviteUpgrade) inviteUpgrade(state, changes, row, cause, context);
    settleMeasure(state, changes, row, limit, cause, context);
  }
  if (limit.overage) tellOverage(state, changes, row, cause, context);
  row.judgeFrom = nextFigureToJudge(row, limit, ledger);
}

export function ledgerOf(state: AccountState): Ledger {
  if (state.ledger === null) throw new Error(`the ledger of ${state.accountId} was not loaded`);
  return state.ledger;
}

function levelsOf(limit: Limit): Level[] {
  return limit.warnAt === null ? [100] : [limit.warnAt, 100];
}

function nextFigureToJudge(row: UsageWindow, limit: Limit | undefined, ledger: Ledger): number {
  const amount = row.limit;
  if (limit === undefined || amount === null) return Infinity;
  const open = levelsOf(limit)
    .filter((level) => !hasCrossing(ledger, row, level, amount))
    .map((level) => firstFigureAt(amount, level));
  if (limit.overage) open.push(nextOverageFigure(row, amount, ledger));
  return Math.min(...open);
}

function recordCrossing(
  ledger: Ledger,
  changes: AccountChanges,
  row: UsageWindow,
  limit: number,
  level: Level,
  cause: Cause,
  context: Context,
): Crossing {
  const { rule, workspaceId, window } = row;
  const earlier = ledger.crossings.filter(
    (c) => c.rule === rule && c.workspaceId === workspaceId && c.level === level,
  );
  const episode = row.kind === 'hour' ? episodeOf(earlier, window.start) : null;
  const crossing: Crossing = {
    rule,
    workspaceId,
    window,
    level,
    limit,
    used: figureOf(row),
    crossedAt: cause.at,
    causeEventId: cause.eventId,
    continuesEpisode: episode?.continues ?? false,
    episodeStart: episode?.episodeStart ?? null,
    detectedAt: context.now,
  };
  ledger.crossings.push(crossing);
  changes.consequences.crossings.push(crossing);
  return crossing;
}

function recordViolation(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  limit: Limit,
  cause: Cause,
  context: Context,
): void {
  const { rule, workspaceId, window } = row;
  const id = context.id('violation', state.accountId, workspaceId, rule, window.start, 100, row.limit ?? 0);
  const made = strike(state, row, limit, cause);
  const standing = strikesAt(ledgerOf(state).strikes, cause.at);
  const details = { clause: limit.clause, ...(made === null ? {} : { strikes: String(standing) }) };
  changes.consequences.violations.push({
    id,
    rule,
    workspaceId,
    windowStart: window.start,
    occurredAt: cause.at,
    details,
    strikeUntil: made?.until ?? null,
  });
  changes.consequences.outgoing.push({
    topic: 'fair-use.violations.v1',
    eventId: id,
    record: { violationId: id, ...commonFields(state, row, 100, cause, context), details },
  });
}
