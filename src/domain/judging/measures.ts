import type { AccountState } from '../counting/accountState.js';
import { figureOf, type UsageWindow } from '../counting/usageWindow.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Limit } from '../policy/policy.js';
import type { Context } from './context.js';
import type { AutomaticMeasure } from './ledger.js';
import { reaches } from './levels.js';
import { commonFields, type Cause } from './records.js';

/** What an automatic measure says of itself. */
export const MEASURE_REASONS: Readonly<Record<AutomaticMeasure['kind'], string>> = {
  LIMIT_SERVICE: 'The plan supports no more in this window.',
};

/**
 * Applies the policy's own measure when its limit is reached (Sandbox: "the account will only support 100 chats per
 * month"), and lifts it when the limit no longer stands. No approval, no notice; it ends silently with the window, and
 * is not made for one that has ended.
 */
export function settleMeasure(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  limit: Limit | undefined,
  cause: Cause,
  context: Context,
): void {
  const ofRow = (state.ledger?.measures ?? []).filter(
    (m) => m.rule === row.rule && m.workspaceId === row.workspaceId && m.window.start === row.window.start,
  );
  const applied = ofRow.find((m) => m.status === 'APPLIED');
  const amount = row.limit;
  const due =
    limit !== undefined && limit.measure !== null && amount !== null && reaches(figureOf(row), amount, 100);
  if (applied !== undefined && (!due || applied.limit !== amount)) {
    applied.status = 'LIFTED';
    applied.effectiveUntil = Math.min(applied.effectiveUntil, cause.at);
    applied.updatedAt = context.now;
    emit(state, changes, row, applied, cause, context);
  }
  const stands = applied?.status === 'APPLIED';
  if (!due || stands || row.window.end <= context.now) return;
  const generation = ofRow.filter((m) => m.limit === amount).length;
  const { rule, workspaceId, window } = row;
  const measure: AutomaticMeasure = {
    id: context.id(
      'measure',
      limit.measure,
      state.accountId,
      workspaceId,
      rule,
      window.start,
      amount,
      generation,
    ),
    kind: limit.measure,
    rule,
    workspaceId,
    window,
    limit: amount,
    generation,
    effectiveFrom: cause.at,
    status: 'APPLIED',
    effectiveUntil: window.end,
    updatedAt: context.now,
  };
  state.ledger?.measures.push(measure);
  emit(state, changes, row, measure, cause, context);
}

function emit(
  state: AccountState,
  changes: AccountChanges,
  row: UsageWindow,
  measure: AutomaticMeasure,
  cause: Cause,
  context: Context,
): void {
  changes.consequences.measures.add(measure);
  changes.consequences.outgoing.push({
    topic: 'fair-use.measures.v1',
    eventId: context.id('measure-event', measure.id, measure.status),
    record: {
      measureId: measure.id,
      kind: measure.kind,
      status: measure.status,
      botId: null,
      effectiveFrom: measure.effectiveFrom,
      effectiveUntil: measure.effectiveUntil,
      reason: MEASURE_REASONS[measure.kind],
      ...commonFields(state, row, null, cause, context),
    },
  });
}
