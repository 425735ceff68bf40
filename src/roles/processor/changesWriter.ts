import type { AccountState } from '../../domain/counting/accountState.js';
import type { AccountChanges } from '../../domain/counting/changes.js';
import type { Metric } from '../../domain/policy/policy.js';
import { writeAllowances } from '../../postgres/counting/allowances.js';
import { closeViolations, writeConditionOwners } from '../../postgres/counting/conditions.js';
import { keepSnapshots, writeAccounts, writeReplies } from '../../postgres/counting/writeAccounts.js';
import {
  updateNotices,
  writeCrossings,
  writeMeasures,
  writeNotices,
  writeOverages,
  writeViolations,
} from '../../postgres/counting/writeLedger.js';
import { appendSeen, writeBuckets, writeWindows } from '../../postgres/counting/writeUsage.js';
import { appendOutbox } from '../../postgres/outbox/append.js';
import type { Queryable } from '../../postgres/transaction.js';

export interface Changed {
  readonly state: AccountState;
  readonly changes: AccountChanges;
}

/** Writes what a batch changed, accounts in ascending order. */
export async function writeChanges(tx: Queryable, changed: readonly Changed[]): Promise<void> {
  const each = <T>(pick: (changes: AccountChanges) => Iterable<T>): { accountId: string; it: T }[] =>
    changed.flatMap(({ state, changes }) =>
      Array.from(pick(changes), (it) => ({ accountId: state.accountId, it })),
    );
  await writeAccounts(
    tx,
    changed.flatMap(({ state: { accountId, account }, changes }) =>
      changes.account === null || account === null ? [] : [{ accountId, account }],
    ),
  );
  await keepSnapshots(
    tx,
    changed.flatMap(({ changes }) => changes.snapshots),
  );
  await writeAllowances(
    tx,
    each((c) => c.allowances),
  );
  await appendSeen(tx, changed.flatMap(newChunks));
  await writeBuckets(tx, changed.flatMap(changedBuckets));
  await writeWindows(
    tx,
    each((c) => c.windows).map(({ accountId, it }) => ({ accountId, row: it })),
  );
  await writeCrossings(
    tx,
    each((c) => c.crossings),
  );
  await writeViolations(
    tx,
    each((c) => c.violations),
  );
  await closeViolations(
    tx,
    each((c) => c.closedViolations),
  );
  await writeConditionOwners(
    tx,
    each((c) => (c.conditionOwner === null ? [] : [c.conditionOwner])),
  );
  await writeNotices(
    tx,
    each((c) => c.newNotices),
  );
  await updateNotices(
    tx,
    each((c) => c.changedNotices),
  );
  await writeOverages(
    tx,
    each((c) => c.overages),
  );
  await writeMeasures(
    tx,
    each((c) => c.measures),
  );
  await appendOutbox(
    tx,
    each((c) => c.outgoing).map(({ accountId, it }) => ({ accountId, event: it })),
  );
  await writeReplies(
    tx,
    changed.flatMap(({ changes }) => changes.replies),
  );
}

function newChunks({ state, changes }: Changed) {
  return [...changes.seen].map(([key, ids]) => {
    const [metric = '', month = ''] = key.split('/');
    const seen = state.seen.get(key);
    if (seen === undefined) throw new Error(`seen ids ${key} of ${state.accountId} were not loaded`);
    const seq = seen.nextSeq;
    seen.nextSeq += 1;
    return { accountId: state.accountId, metric: metric as Metric, month, seq, ids: ids.bytes };
  });
}

function changedBuckets({ state, changes }: Changed) {
  return [...changes.buckets.values()].map(({ metric, periodStart, workspaceId }) => {
    const slots = state.bucketsOf(metric).slots(periodStart, workspaceId);
    if (slots === null) throw new Error(`${metric} of ${state.accountId} at ${periodStart} has no slots`);
    return { accountId: state.accountId, metric, periodStart, workspaceId, slots };
  });
}
