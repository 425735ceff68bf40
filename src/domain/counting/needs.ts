import type { UsageEvent } from '../events.js';
import type { Context } from '../judging/context.js';
import { rulingFor } from '../judging/limits.js';
import type { Metric } from '../policy/policy.js';
import { HOUR_MS, type Window } from '../windows/window.js';
import { monthOf, scopeId, seenKey, type AccountState } from './accountState.js';
import { periodOf } from './buckets.js';
import type { AccountChanges } from './changes.js';
import { KINDS, windowOf } from './count.js';

/** What has to be loaded before events can be counted, by account. */
export interface Needs {
  readonly seen: Map<string, { metric: Metric; month: string }>;
  readonly periods: Map<Metric, Set<number>>;
  readonly windowStarts: Set<number>;
  /** Event times reach back to here. */
  since: number;
}

/** The pieces of state that counting an event reads; opens windows in the calendar on the way. */
export function needsOf(state: AccountState, changes: AccountChanges, events: readonly UsageEvent[]): Needs {
  const needs: Needs = { seen: new Map(), periods: new Map(), windowStarts: new Set(), since: Infinity };
  for (const { metric, occurredAt } of events) {
    needs.since = Math.min(needs.since, occurredAt);
    const key = seenKey(metric, occurredAt);
    if (!needs.seen.has(key)) needs.seen.set(key, { metric, month: monthOf(occurredAt) });
    const start = periodOf(metric, occurredAt);
    let periods = needs.periods.get(metric);
    if (periods === undefined) needs.periods.set(metric, (periods = new Set()));
    periods.add(start);
    for (const kind of KINDS[metric]) {
      needs.windowStarts.add(windowOf(state, changes, kind, occurredAt).start);
    }
    if (metric === 'chats') {
      periods.add(start - HOUR_MS).add(start + HOUR_MS);
      needs.windowStarts.add(start + HOUR_MS);
    }
  }
  return needs;
}

/** Windows whose sum must be loaded, because the events open a row of them (known once rows are loaded). */
export function sumsNeeded(
  state: AccountState,
  changes: AccountChanges,
  events: readonly UsageEvent[],
  context: Context,
): Map<Metric, Window> {
  const sums = new Map<Metric, Window>();
  const { account } = state;
  if (account === null) return sums;
  for (const event of events) {
    for (const kind of KINDS[event.metric]) {
      if (kind === 'hour') continue;
      const window = windowOf(state, changes, kind, event.occurredAt);
      const { limits } = rulingFor(account, window, event.arrivedAt, context);
      const missing = limits.some(
        (limit) =>
          limit.metric === event.metric &&
          limit.windowKind === kind &&
          state.findWindow(limit.rule, scopeId(limit.scope, event.workspaceId), window.start) === undefined,
      );
      if (!missing || state.bucketsOf(event.metric).covers(window)) continue;
      const before = sums.get(event.metric);
      sums.set(event.metric, {
        start: Math.min(before?.start ?? window.start, window.start),
        end: Math.max(before?.end ?? window.end, window.end),
      });
    }
  }
  return sums;
}
