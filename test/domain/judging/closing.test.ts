import { describe, expect, it } from '@jest/globals';
import { AccountState } from '../../../src/domain/counting/accountState.js';
import type { UsageWindow } from '../../../src/domain/counting/usageWindow.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import {
  topicReadUpTo,
  type PartitionLog,
  type PartitionRead,
} from '../../../src/domain/counting/readUpTo.js';
import { closableUntil, closeOverage, highestStep } from '../../../src/domain/judging/closing.js';
import { isClosed } from '../../../src/domain/judging/ledger.js';
import { eventId } from '../../../src/support/eventId.js';

const END = Date.UTC(2026, 1, 1);
const ASKED = END + 60_000;
const MARGIN = 20_000;

describe('how far a topic was read', () => {
  const read = (
    partition: number,
    nextOffset: number,
    readUpTo: number | null,
    readTo = nextOffset,
  ): PartitionRead => ({ topic: 't', partition, nextOffset, readTo, readUpTo });
  const log = (partition: number, high: number, low = 0): PartitionLog => ({
    topic: 't',
    partition,
    low,
    high,
  });
  it.each<[string, PartitionRead[], PartitionLog[] | null, number]>([
    ['nothing is known', [], null, -Infinity],
    ['the slowest partition', [read(0, 5, END), read(1, 9, END - 1)], null, END - 1],
    ['a partition begun and not counted', [read(0, 5, END), read(1, 0, null)], null, -Infinity],
    ['empty partitions', [], [log(0, 0), log(1, 0)], ASKED - MARGIN],
    ['partitions emptied by retention', [], [log(0, 7, 7)], ASKED - MARGIN],
    ['read to the end', [read(0, 5, END - 9)], [log(0, 5)], ASKED - MARGIN],
    ['one record short of the end', [read(0, 4, END - 9)], [log(0, 5)], END - 9],
    ['to an end that holds nothing', [read(0, 4, END - 9, 5)], [log(0, 5)], ASKED - MARGIN],
    ['a partition never begun', [read(0, 5, END)], [log(0, 5), log(1, 1)], -Infinity],
    ['idle and behind together', [read(0, 5, END - 9)], [log(0, 8), log(1, 0)], END - 9],
    ['a later arrival than the margin', [read(0, 5, ASKED)], [log(0, 5)], ASKED],
    ['another topic', [{ ...read(0, 5, END), topic: 'u' }], null, -Infinity],
  ])('%s', (_name, partitions, logs, upTo) => {
    expect(topicReadUpTo('t', partitions, logs, ASKED)).toBe(upTo);
  });

  it('closes a window once it has ended and the input of its metric was read up to the end', () => {
    const until = (sessions: number, now: number) =>
      closableUntil(
        new Map([
          ['sessions', sessions],
          ['tickets', -Infinity],
        ]),
        now,
      );
    expect(until(END - 1, ASKED)).toEqual([{ rule: 'sessions-per-month', until: END - 1 }]);
    expect(until(END + 5, END)).toEqual([{ rule: 'sessions-per-month', until: END }]);
  });
});

describe('closing an overage', () => {
  const START = Date.UTC(2026, 0, 1);
  function closed(used: number, limit: number | null) {
    const state = new AccountState('a1', 3);
    const step = {
      rule: 'sessions-per-month',
      workspaceId: 'w1',
      windowStart: START,
      limit: 100,
    } as const;
    state.ledger = {
      since: 0,
      crossings: [],
      notices: [],
      overages: [
        { ...step, kind: 'STARTED', stepPercent: 100 },
        { ...step, kind: 'GREW', stepPercent: 150 },
        { ...step, kind: 'GREW', stepPercent: 125 },
        { ...step, kind: 'GREW', stepPercent: 500, workspaceId: 'w2' },
      ],
    } as unknown as NonNullable<AccountState['ledger']>;
    const row: UsageWindow = {
      rule: 'sessions-per-month',
      kind: 'month',
      workspaceId: 'w1',
      window: { start: START, end: END },
      used,
      peak: null,
      limit,
      plan: 'sandbox',
      policyVersion: '1',
      judgeFrom: 0,
      stored: true,
    };
    const changes = new AccountChanges();
    const context = { policy: [] as never, now: ASKED, id: eventId };
    const before = isClosed(state.ledger, row);
    closeOverage(state, changes, row, highestStep(state, row), context);
    return { changes, before, after: isClosed(state.ledger, row) };
  }

  it('names the figure so far, the highest step, and no cause', () => {
    const { changes, before, after } = closed(170, 100);
    expect([before, after]).toEqual([false, true]);
    expect(changes.consequences.overages).toMatchObject([
      { kind: 'CLOSED', stepPercent: 150, used: 170, limit: 100 },
    ]);
    expect(changes.consequences.outgoing).toMatchObject([
      {
        topic: 'fair-use.overages.v1',
        record: {
          kind: 'CLOSED',
          stepPercent: 150,
          used: 170,
          limit: 100,
          projectedUsed: 170,
          warnedAt: null,
          level: null,
          causeEventId: null,
          occurredAt: END,
          detectedAt: ASKED,
        },
      },
    ]);
  });

  it('has an id without figures, and the last limit that applied', () => {
    const one = closed(170, 100).changes.consequences.outgoing[0];
    const other = closed(171, null).changes.consequences.outgoing[0];
    expect(other?.eventId).toBe(one?.eventId);
    expect(other?.record).toMatchObject({ used: 171, limit: 100 });
  });
});
