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
  addBuckets,
  addWindows,
  appendSeen,
  writeBuckets,
  writeWindows,
  type BucketToWrite,
  type ChunkToWrite,
  type WindowToWrite,
} from '../../postgres/counting/writeUsage.js';
import { appendOutbox } from '../../postgres/outbox/append.js';
import type { Queryable } from '../../postgres/transaction.js';
import { overlapping, type Underway } from '../../postgres/underway.js';

export interface Changed {
  readonly state: AccountState;
  readonly changes: AccountChanges;
}

/** Writes what a batch changed, accounts in ascending order. */
export async function writeChanges(tx: Queryable, changed: readonly Changed[]): Promise<void> {
  await overlapping((underway) => {
    sendChanges(tx, underway, changed);
  });
}

/** The same without waiting; all that is to be written is laid out when this returns. */
export function sendChanges(tx: Queryable, underway: Underway, changed: readonly Changed[]): void {
  const more = changed.filter(({ changes }) => !changes.isOnlyCounted);
  if (more.length > 0) sendAccountChanges(tx, underway, more);
  underway.send(appendSeen(tx, changed.flatMap(newChunks)));
  const buckets = newAndStored(changed, (changes) => changes.buckets, bucketOf);
  underway.send(addBuckets(tx, buckets.new));
  underway.send(writeBuckets(tx, buckets.stored));
  const windows = newAndStored(changed, (changes) => changes.windows, rowOf);
  underway.send(addWindows(tx, windows.new));
  underway.send(writeWindows(tx, windows.stored));
  if (more.length > 0) sendConsequences(tx, underway, more);
}

function sendAccountChanges(tx: Queryable, underway: Underway, changed: readonly Changed[]): void {
  const accounts = changed.flatMap(({ state: { accountId, account }, changes }) =>
    changes.account === null || account === null ? [] : [{ accountId, account }],
  );
  underway.send(writeAccounts(tx, accounts));
  const snapshots = changed.flatMap(({ changes }) => changes.consequences.snapshots);
  underway.send(keepSnapshots(tx, snapshots));
  const allowances = all(changed, ({ consequences }) => consequences.allowances, itOf);
  underway.send(writeAllowances(tx, allowances));
}

function sendConsequences(tx: Queryable, underway: Underway, changed: readonly Changed[]): void {
  /** What is picked of each account, to a statement that is sent. */
  const send = <T>(
    write: (tx: Queryable, of: readonly { readonly accountId: string; readonly it: T }[]) => Promise<void>,
    pick: (consequences: Consequences) => Iterable<T>,
  ): void => {
    const picked = all(changed, ({ consequences }) => pick(consequences), itOf);
    underway.send(write(tx, picked));
  };
  send(writeCrossings, (c) => c.crossings);
  send(writeViolations, (c) => c.violations);
  send(closeViolations, (c) => c.closedViolations);
  send(writeConditionOwners, (c) => (c.conditionOwner === null ? [] : [c.conditionOwner]));
  send(writeNotices, (c) => c.newNotices);
  send(updateNotices, (c) => c.changedNotices);
  send(writeOverages, (c) => c.overages);
  send(writeMeasures, (c) => c.measures);
  const outgoing = all(
    changed,
    ({ consequences }) => consequences.outgoing,
    (accountId, event) => ({ accountId, event }),
  );
  underway.send(appendOutbox(tx, outgoing));
  const replies = changed.flatMap(({ changes }) => changes.consequences.replies);
  underway.send(writeReplies(tx, replies));
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

/**
 * The same, parted by whether the database has it. All of it is stored from then on: where the transaction fails, what is in
 * memory of its accounts is given up.
 */
function newAndStored<T extends { stored: boolean }, R>(
  changed: readonly Changed[],
  pick: (changes: AccountChanges) => ReadonlySet<T>,
  made: (accountId: string, it: T) => R,
): { new: R[]; stored: R[] } {
  const found: { new: R[]; stored: R[] } = { new: [], stored: [] };
  for (const { state, changes } of changed) {
    pick(changes).forEach((it) => {
      (it.stored ? found.stored : found.new).push(made(state.accountId, it));
      it.stored = true;
    });
  }
  return found;
}

const itOf = <T>(accountId: string, it: T): { accountId: string; it: T } => ({ accountId, it });
const bucketOf = (accountId: string, bucket: Bucket): BucketToWrite => ({ accountId, bucket });
const rowOf = (accountId: string, row: UsageWindow): WindowToWrite => ({ accountId, row });

function newChunks({ state, changes }: Changed): ChunkToWrite[] {
  return changes.seen.map((ids) => {
    const { month } = ids;
    const seen = state.seen.get(month);
    if (seen === undefined) throw new Error(`seen ids of ${month} of ${state.accountId} were not loaded`);
    const seq = seen.nextSeq;
    seen.nextSeq += 1;
    return { accountId: state.accountId, month, seq, ids: ids.bytes };
  });
}
