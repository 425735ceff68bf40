import { rowName, type Account, type Fact, type Row } from './account.js';
import { RULE_SHAPES } from './plans.js';
import type { WindowKey } from './types.js';

/** The windows of every rule and scope in which a fact lies, whatever the plan names. */
export function windowsOf(account: Account, accountId: string, fact: Fact): WindowKey[] {
  return RULE_SHAPES.filter(({ metric }) => metric === fact.metric).map(
    ({ rule, metric, windowKind, scope }) => {
      const workspaceId = scope === 'workspace' ? fact.workspaceId : null;
      const window = account.calendar.window(windowKind, fact.occurredAt);
      return { accountId, workspaceId, rule, metric, windowKind, ...window };
    },
  );
}

/**
 * A late event lifts the peak of the following hour too, where that one has events of its own, whatever the plan of its
 * own hour names.
 */
export function nextHour(account: Account, key: WindowKey): Row[] {
  if (key.windowKind !== 'hour') return [];
  const next = account.rows.get(rowName({ ...key, start: key.end }));
  return next === undefined ? [] : [next];
}
