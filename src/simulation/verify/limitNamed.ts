import type { Invitation, Notice, Truth } from '../truth/types.js';

interface Limit {
  rule: string;
  workspaceId: string | null;
}

const INVITING: readonly string[] = ['sessions-per-month', 'chats-per-month'];

const isSame = (one: Limit, other: Limit): boolean =>
  one.rule === other.rule && one.workspaceId === other.workspaceId;

/** What was reached in the month of an account for which it can be invited, in order. */
function reachedIn(truth: Pick<Truth, 'crossings'>, of: { accountId: string; start: number }) {
  return truth.crossings.filter(
    ({ accountId, start, level, rule }) =>
      accountId === of.accountId && start === of.start && level === 100 && INVITING.includes(rule),
  );
}

/**
 * What is held against the truth of the limit that the engine's notice names: the truth's own, where both are right. An
 * invitation is for the limit that was counted first. The log orders the events of one topic only, so where limits of
 * two topics were reached in a month either may have been; and a change of plan may reach several at once.
 */
export function limitNamed(truth: Pick<Truth, 'crossings'>, due: Notice | Invitation, told: Limit): Limit {
  const { rule, workspaceId } = mayName(truth, due, told) ? due : told;
  return { rule, workspaceId };
}

function mayName(truth: Pick<Truth, 'crossings'>, due: Notice | Invitation, told: Limit): boolean {
  if (!('causeEventId' in due)) return false;
  const reached = reachedIn(truth, due);
  if (due.causeEventId === null || due.ordinal > 0) return reached.some((one) => isSame(one, told));
  const named = reached.find((one) => isSame(one, told));
  return named !== undefined && named === reached.find(({ metric }) => metric === named.metric);
}

/** Whether a limit of this size that an invitation names was reached in its month. */
export function wasReached(
  truth: Pick<Truth, 'crossings'>,
  told: Limit & { accountId: string; start: number; limit: unknown },
): boolean {
  return reachedIn(truth, told).some((one) => isSame(one, told) && one.limit === told.limit);
}
