import { planBefore, type Account } from '../accounts/account.js';
import { extraFileSize } from '../accounts/allowance.js';
import type { AccountState } from '../counting/accountState.js';
import { monthOf } from '../counting/usageWindow.js';
import type { AccountChanges } from '../counting/changes.js';
import type { UsageEvent } from '../events.js';
import { fileSizeFor, policyAt } from '../policy/policy.js';
import type { Context } from './context.js';
import { judgedSince } from './limits.js';
import { recordRuleViolation } from './ruleViolation.js';

/**
 * Judges the size of one file that was counted for the first time, by the plan and policy in force at its arrival
 * (policy: "All the plans will have a limitation of 5 MB per file sent"), and by what was agreed for the time of its
 * upload. A file of exactly the size is allowed. An
 * event without the facts of its upload (parked by a release that did not keep them) is not judged.
 */
export function judgeFileSize(
  state: AccountState,
  changes: AccountChanges,
  event: UsageEvent,
  context: Context,
): void {
  const { account } = state;
  const { upload, arrivedAt, workspaceId } = event;
  if (account === null || upload === undefined) return;
  const plan = planBefore(account, arrivedAt + 1);
  const version = policyAt(context.policy, Math.max(arrivedAt, judgedSince(context.policy, account)));
  const { allowed, clause } = fileSizeFor(version, plan);
  if (allowed.kind === 'unlimited') return;
  const limit = allowed.amount + extraFileSize(account.allowances, event.occurredAt, arrivedAt);
  if (event.amount <= limit) return;
  // An upload counts once per UTC month: what is counted again is judged again.
  const month = monthOf(event.occurredAt);
  recordRuleViolation(
    changes,
    state.accountId,
    {
      id: context.id('violation', state.accountId, workspaceId, 'file-size', upload.uploadId, month),
      rule: 'file-size',
      workspaceId,
      plan,
      policyVersion: version.version,
      used: event.amount,
      limit,
      causeEventId: event.eventId,
      occurredAt: event.occurredAt,
      details: {
        fileName: upload.fileName,
        sizeBytes: String(event.amount),
        botId: upload.botId,
        uploadId: upload.uploadId,
        clause,
      },
    },
    context.now,
  );
}

/** The largest file of which it is sure, for arrivals within [first, last] (epoch ms), that it is allowed; bytes. */
export function largestSureFile(account: Account, first: number, last: number, context: Context): number {
  // Plans may have come and gone in between: then each file is looked at.
  if (account.history.some(({ from }) => from > first && from <= last)) return -1;
  const judged = judgedSince(context.policy, account);
  const sizes = [first, last].map((at) => {
    const version = policyAt(context.policy, Math.max(at, judged));
    const { allowed } = fileSizeFor(version, planBefore(account, at + 1));
    return allowed.kind === 'unlimited' ? Infinity : allowed.amount;
  });
  return Math.min(...sizes);
}
