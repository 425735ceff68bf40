import type pg from 'pg';
import { AccountState } from '../../domain/counting/accountState.js';
import { AccountChanges, type Consequences } from '../../domain/counting/changes.js';
import { closableUntil, closeOverage, highestStep } from '../../domain/judging/closing.js';
import type { Context } from '../../domain/judging/context.js';
import { isClosed } from '../../domain/judging/ledger.js';
import type { Metric } from '../../domain/policy/policy.js';
import { accountsToClose, overagesToClose, type Due } from '../../postgres/counting/dueOverages.js';
import { bumpHeads, lockHeads } from '../../postgres/counting/heads.js';
import { loadAccounts } from '../../postgres/counting/loadAccounts.js';
import { loadLedgers } from '../../postgres/counting/loadLedger.js';
import { usageWindow } from '../../postgres/counting/loadScope.js';
import { loadWindows } from '../../postgres/counting/loadUsage.js';
import { writeOverages } from '../../postgres/counting/writeLedger.js';
import { appendOutbox } from '../../postgres/outbox/append.js';
import { namedTransaction, type Queryable } from '../../postgres/transaction.js';

/**
 * Closes the overages of the windows that have ended and whose input was read up to their end (contract §4, CLOSED).
 * `read`: by metric, up to which instant that is. Any number of schedulers may do it at once: under the accounts' locks
 * each window is closed by one of them. Returns how many were closed here.
 */
export async function closeOverages(
  pool: pg.Pool,
  read: ReadonlyMap<Metric, number>,
  context: Context,
): Promise<number> {
  const due = closableUntil(read, context.now);
  if (due.length === 0) return 0;
  let closed = 0;
  for (;;) {
    const accountIds = await accountsToClose(pool, due);
    if (accountIds.length === 0) return closed;
    const now = await namedTransaction(pool, 'close', (tx) => closeUnderLock(tx, accountIds, due, context));
    // Another scheduler was faster, and has the rest too.
    if (now === 0) return closed;
    closed += now;
  }
}

async function closeUnderLock(
  tx: Queryable,
  accountIds: readonly string[],
  due: readonly Due[],
  context: Context,
): Promise<number> {
  const heads = await lockHeads(tx, accountIds);
  const open = await overagesToClose(tx, accountIds, due);
  if (open.length === 0) return 0;
  const works = await loadStates(tx, heads, open);
  for (const { account_id, rule, workspace_id, window_start } of open) {
    const work = works.get(account_id);
    const row = work?.state.findWindow(rule, workspace_id, window_start);
    if (work === undefined || row === undefined || work.state.ledger === null) {
      throw new Error(`account ${account_id} has an overage of ${rule} without its window`);
    }
    if (isClosed(work.state.ledger, row)) continue;
    closeOverage(work.state, work.changes, row, highestStep(work.state, row), context);
  }
  const changed = [...works.values()].filter(({ changes }) => changes.consequences.overages.length > 0);
  const each = <T>(pick: (of: Consequences) => readonly T[]): { accountId: string; it: T }[] =>
    changed.flatMap(({ state: { accountId }, changes }) =>
      pick(changes.consequences).map((it) => ({ accountId, it })),
    );
  const overages = each((c) => c.overages);
  await writeOverages(tx, overages);
  await appendOutbox(
    tx,
    each((c) => c.outgoing).map(({ accountId, it }) => ({ accountId, event: it })),
  );
  await bumpHeads(
    tx,
    changed.map(({ state }) => state.accountId),
  );
  return overages.length;
}

interface Work {
  readonly state: AccountState;
  readonly changes: AccountChanges;
}

async function loadStates(
  tx: Queryable,
  heads: ReadonlyMap<string, number>,
  open: readonly { account_id: string; window_start: number; window_end: number }[],
): Promise<Map<string, Work>> {
  const works = new Map<string, Work>();
  for (const { account_id } of open) {
    const version = heads.get(account_id) ?? 0;
    works.set(account_id, { state: new AccountState(account_id, version), changes: new AccountChanges() });
  }
  const ids = [...works.keys()];
  for (const [id, account] of await loadAccounts(tx, ids)) {
    const work = works.get(id);
    if (work !== undefined) work.state.account = account;
  }
  // Everything of windows that end with the first of these, or later.
  const since = Math.min(...open.map(({ window_end }) => window_end)) - 1;
  for (const [id, ledger] of await loadLedgers(tx, ids, since)) {
    const work = works.get(id);
    if (work !== undefined) work.state.ledger = ledger;
  }
  const starts = new Map(open.map((o) => [`${o.account_id}/${o.window_start}`, o]));
  const wanted = [...starts.values()].map((o) => ({ accountId: o.account_id, start: o.window_start }));
  for (const row of await loadWindows(tx, wanted)) {
    works.get(row.account_id)?.state.windows.add(usageWindow(row));
  }
  return works;
}
