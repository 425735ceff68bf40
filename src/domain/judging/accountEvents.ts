import { applyAccountEvent } from '../accounts/account.js';
import type { AccountState } from '../counting/accountState.js';
import type { AccountChanges } from '../counting/changes.js';
import type { Needs } from '../counting/needs.js';
import type { AccountEvent } from '../events.js';
import { policyAt, type Metric } from '../policy/policy.js';
import type { Window } from '../windows/window.js';
import { judgeConditions } from './conditions.js';
import type { Context } from './context.js';
import { correctedSince, correctNotices } from './corrections.js';
import { NO_CONDITIONS } from './facts.js';
import { judgedSince } from './limits.js';
import { followPolicy } from './policyChange.js';
import { needsOfRejudge, rejudgeOpen } from './rejudge.js';

/** Takes the platform's word on an account; a change of plan re-judges the open windows at once. */
export function takeAccountEvent(
  state: AccountState,
  changes: AccountChanges,
  event: AccountEvent,
  context: Context,
): void {
  followPolicy(state, changes, event.arrivedAt, context);
  const before = state.account;
  const changed = applyAccountEvent(before, event);
  if (changed === null || changed === before) return;
  const judgedBy = before?.judgedBy ?? policyAt(context.policy, event.arrivedAt).hash;
  const after = { ...changed, judgedBy };
  state.account = after;
  changes.account = after;
  changes.consequences.snapshots.push(event);
  if (before === null) state.conditions = NO_CONDITIONS;
  const since = event.snapshot === null ? event.arrivedAt : after.snapshot.updatedAt;
  const policyTime = Math.max(event.arrivedAt, judgedSince(context.policy, after));
  judgeConditions(state, changes, before, { policyTime, at: since }, context);
  if (before === null || before.snapshot.plan === after.snapshot.plan) return;
  const cause = { eventId: null, at: after.snapshot.updatedAt };
  rejudgeOpen(state, changes, event.arrivedAt, cause, context);
  correctNotices(state, changes, event.arrivedAt, context);
}

/** What has to be loaded before an account event can be taken; null: it re-judges nothing. */
export function needsOfChange(
  state: AccountState,
  event: AccountEvent,
  context: Context,
): { needs: Needs; sums: Map<Metric, Window> } | null {
  const before = state.account;
  const after = applyAccountEvent(before, event);
  if (before === null || after === null || after.snapshot.plan === before.snapshot.plan) return null;
  const since = correctedSince(after.snapshot.updatedAt, event.arrivedAt);
  return needsOfRejudge(after, event.arrivedAt, since, context);
}
