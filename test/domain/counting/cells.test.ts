import { beforeEach, describe, expect, it } from '@jest/globals';
import { AccountRun, DONE } from '../../../src/domain/counting/accountRun.js';
import { AccountState } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { missingOf } from '../../../src/domain/counting/needsOfRun.js';
import { SeenIds } from '../../../src/domain/counting/seenIds.js';
import { monthOf } from '../../../src/domain/counting/usageWindow.js';
import { columnsOf } from '../../../src/domain/counting/usageColumns.js';
import { takeAccountEvent } from '../../../src/domain/judging/accountEvents.js';
import { emptyLedger } from '../../../src/domain/judging/ledger.js';
import type { Metric } from '../../../src/domain/policy/policy.js';
import { idHash } from '../../../src/kafka/decode/countedId.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const POLICY = smallPolicy();
const HOUR = 3_600_000;
const T = Date.parse('2026-05-20T10:00:00Z');
/** Where June begins in India. */
const JUNE = Date.parse('2026-05-31T18:30:00Z');

let state: AccountState;
let ids: number;

/** One account of which everything is in memory: nothing was counted yet. */
beforeEach(() => {
  state = new AccountState('a', 0);
  ids = 0;
  state.ledger = emptyLedger(0);
  state.windows.loadedFrom = 0;
  const event = { accountId: 'a', snapshot: snapshotOf({ plan: 'pro', timeZone: 'Asia/Kolkata' }) };
  takeAccountEvent(state, new AccountChanges(), { ...event, arrivedAt: T }, contextAt(T));
});

function contextAt(now: number) {
  return { policy: POLICY, now, id: eventId };
}

/** A batch with one event of a workspace at each instant, laid out. */
function runOf(metric: Metric, instants: readonly number[]): AccountRun {
  for (const at of instants) {
    const month = monthOf(at);
    if (!state.seen.has(month)) state.seen.set(month, new SeenIds(0));
  }
  state.bucketsOf(metric).markLoaded({ start: 0, end: 8e15 });
  const arrivedAt = Math.max(...instants);
  const events = instants.map((occurredAt) => {
    ids += 1;
    const of = { metric, eventId: `e${ids}`, accountId: 'a', workspaceId: 'w', amount: 1 };
    return { ...of, idHash: idHash(Buffer.from(String(ids)), metric), occurredAt, arrivedAt };
  });
  const { columns, list } = columnsOf(events);
  const counting = { state, changes: new AccountChanges(), context: contextAt(arrivedAt) };
  return new AccountRun(counting, columns, list);
}

/** The same, counted and written. */
function counted(metric: Metric, ...instants: number[]): AccountRun {
  const run = runOf(metric, instants);
  expect(missingOf(run)).toBeNull();
  expect(run.count()).toBe(DONE);
  for (const bucket of run.counting.changes.buckets) bucket.stored = true;
  return run;
}

const standing = (): (readonly [Metric, number])[] =>
  (state.standing?.cells ?? []).map(({ metric, periodStart }) => [metric, periodStart] as const);

describe('what the events of a run have in common', () => {
  it('is one for a workspace, metric and day, an hour of chats', () => {
    expect(counted('sessions', T, T + 5 * HOUR, T + HOUR).cells).toHaveLength(1);
    expect(counted('chats', T, T + 5 * HOUR, T + HOUR, T + 1).cells).toHaveLength(3);
  });

  it('is parted where a window begins within the day, or the hour', () => {
    const spans = ({ cells }: AccountRun) =>
      cells.map(({ from, until, plain }) => [from - JUNE, until - JUNE, plain]);
    const sessions = counted('sessions', JUNE - 1, JUNE, JUNE + HOUR, JUNE - HOUR);
    expect(spans(sessions)).toEqual([
      [-18.5 * HOUR, 0, false],
      [0, 5.5 * HOUR, false],
    ]);
    expect(spans(counted('chats', JUNE, JUNE - 1))).toEqual([
      [0, HOUR / 2, false],
      [-HOUR / 2, 0, false],
    ]);
    const of = (start: number) => state.findWindow('sessions-per-month', 'w', start)?.used;
    expect(of(JUNE)).toBe(2);
    expect(of(Date.parse('2026-04-30T18:30:00Z'))).toBe(2);
  });

  it('is left ready when it comes for the second time, and used for the third', () => {
    counted('chats', T);
    expect(standing()).toEqual([]);
    expect(counted('chats', T + 1).hasNewCells).toBe(true);
    expect(standing()).toEqual([['chats', T]]);
    expect(counted('chats', T + 2).hasNewCells).toBe(false);
    expect(state.bucketsOf('chats').sum({ start: T, end: T + HOUR }, 'w')).toBe(3);
  });

  it('is left ready of one metric while another is read hours ahead', () => {
    for (let n = 0; n < 2; n += 1) {
      counted('sessions', T + 20 * HOUR + n);
      counted('chats', T + n);
    }
    const day = Date.parse('2026-05-21T00:00:00Z');
    expect(standing().sort()).toEqual([
      ['chats', T],
      ['sessions', day],
    ]);
  });

  it('is let go of with the next period', () => {
    for (let n = 0; n < 2; n += 1) counted('chats', T + n);
    counted('chats', T + HOUR);
    expect(standing()).toEqual([]);
  });
});

describe('an account that is never idle', () => {
  it('lets go of hours so far before the last events that they would not be looked at', () => {
    counted('chats', T, T + HOUR);
    counted('sessions', T + 20 * HOUR);
    counted('chats', T + 2 * HOUR);
    state.forgetOld(T + 2 * HOUR);
    expect(missingOf(runOf('chats', [T + HOUR]))).toBeNull();
    counted('chats', T + 4 * HOUR);
    state.forgetOld(T + 4 * HOUR);
    expect(state.bucketsOf('chats').has(T)).toBe(false);
    expect(state.findWindow('chats-per-hour', '', T)).toBeUndefined();
    expect(state.bucketsOf('chats').has(T + 2 * HOUR)).toBe(true);
    expect(state.bucketsOf('sessions').has(T)).toBe(true);
  });

  it('keeps what stands ready whole, whatever was counted of the rest: a late event is summed up with it', () => {
    for (let n = 0; n < 2; n += 1) counted('chats', T + n);
    counted('sessions', T + 20 * HOUR);
    state.forgetOld(T + 20 * HOUR);
    expect(standing()).toEqual([['chats', T]]);
    expect(counted('chats', T + 2).hasNewCells).toBe(false);
    expect(state.findWindow('chats-per-hour', '', T)).toMatchObject({ used: 3, peak: 3 });
  });

  it('lets go of nothing when a batch brought no usage', () => {
    counted('chats', T, T + 9 * HOUR);
    state.forgetOld(Infinity);
    expect(missingOf(runOf('chats', [T]))).toBeNull();
  });
});
