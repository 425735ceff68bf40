import type { AccountState } from '../../domain/counting/accountState.js';
import type { AccountChanges, Consequences } from '../../domain/counting/changes.js';
import type { Bucket } from '../../domain/counting/bucket.js';
import type { UsageWindow } from '../../domain/counting/usageWindow.js';
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
import {
  appendSeen,
  writeBuckets,
  writeWindows,
  type BucketToWrite,
  type ChunkToWrite,
  type WindowToWrite,
} from '../../postgres/counting/writeUsage.js';
import { appendOutbox } from '../../postgres/outbox/append.js';
import type { Queryable } from '../../postgres/transaction.js';

export interface Changed {
  readonly state: AccountState;
  readonly changes: AccountChanges;
}

/** Writes what a batch changed, accounts in ascending order. */
export async function writeChanges(tx: Queryable, changed: readonly Changed[]): Promise<void> {
  const more = changed.filter(({ changes }) => !changes.isOnlyCounted);
  await writeAccountChanges(tx, more);
  await appendSeen(tx, changed.flatMap(newChunks));
  await writeBuckets(
    tx,
    all(changed, (changes) => changes.buckets, bucketOf),
  );
  await writeWindows(
    tx,
    all(changed, (changes) => changes.windows, rowOf),
  );
  if (more.length > 0) await writeConsequences(tx, more);
}

async function writeAccountChanges(tx: Queryable, changed: readonly Changed[]): Promise<void> {
  await writeAccounts(
    tx,
    changed.flatMap(({ state: { accountId, account }, changes }) =>
      changes.account === null || account === null ? [] : [{ accountId, account }],
    ),
  );
  await keepSnapshots(
    tx,
    changed.flatMap(({ changes }) => changes.consequences.snapshots),
  );
  await writeAllowances(
    tx,
    all(changed, ({ consequences }) => consequences.allowances, itOf),
  );
}

async function writeConsequences(tx: Queryable, changed: readonly Changed[]): Promise<void> {
  const each = <T>(pick: (consequences: Consequences) => Iterable<T>): { accountId: string; it: T }[] =>
    all(changed, ({ consequences }) => pick(consequences), itOf);
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
    all(
      changed,
      ({ consequences }) => consequences.outgoing,
      (accountId, event) => ({ accountId, event }),
    ),
  );
  await writeReplies(
    tx,
    changed.flatMap(({ changes }) => changes.consequences.replies),
  );
}

/** Everything that `pick` finds in the changes, made into what is to be written. */
function all<T, R>(
  changed: readonly Changed[],
  pick: (changes: AccountChanges) => Iterable<T>,
  made: (accountId: string, it: T) => R,
): R[] {
  const found: R[] = [];
  for (const { state, changes } of changed) {
    for (const it of pick(changes)) found.push(made(state.accountId, it));
  }
  return found;
}

const itOf = <T>(accountId: string, it: T): { accountId: string; it: T } => ({ accountId, it });
const bucketOf = (accountId: string, bucket: Bucket): BucketToWrite => ({ accountId, bucket });
const rowOf = (accountId: string, row: UsageWindow): WindowToWrite => ({ accountId, row });

function newChunks({ state, changes }: Changed): ChunkToWrite[] {
  return changes.seen.map((ids) => {
    const { key } = ids;
    const seen = state.seen.get(key);
    if (seen === undefined) throw new Error(`seen ids ${key} of ${state.accountId} were not loaded`);
    const seq = seen.nextSeq;
    seen.nextSeq += 1;
    return { accountId: state.accountId, metric: ids.metric, month: ids.month, seq, ids: ids.bytes };
  });
}
