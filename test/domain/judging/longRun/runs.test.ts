import { beforeEach, describe, expect, it } from '@jest/globals';
import { AccountState } from '../../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../../src/domain/counting/changes.js';
import { NO_CONDITIONS } from '../../../../src/domain/judging/facts.js';
import type { Outlier } from '../../../../src/domain/judging/longRun/outliers.js';
import { judgeRun } from '../../../../src/domain/judging/longRun/runs.js';
import { windowOfDay } from '../../../../src/domain/judging/longRun/days.js';
import { eventId } from '../../../../src/support/eventId.js';
import { smallPolicy } from '../../../support/engineLog.js';
import { averageOf } from './terms.js';

const DAY = 20_000;
const NOW = 1;
const POLICY = smallPolicy();
const [VERSION] = POLICY.versions;
const OUTLIER: Outlier = {
  ...averageOf('a', 600, { plan: 'ltd', perDayWithCampaigns: 1234.5678, days: 80, daysWithCampaigns: 90 }),
  peers: { count: 120, median: 1 / 3, spread: 0.5 },
  score: 14.99,
};

describe('a run of outlier days', () => {
  let state: AccountState;
  beforeEach(() => {
    state = new AccountState('a', 0);
    state.conditions = NO_CONDITIONS;
  });
  function judge(day: number, outlier: Outlier | null) {
    if (VERSION === undefined) throw new Error('the policy has no version');
    const changes = new AccountChanges();
    const context = { policy: POLICY, now: NOW, id: eventId };
    const outcome = judgeRun(state, changes, outlier, day, VERSION, context);
    expect(outcome === 'none').toBe(
      changes.consequences.violations.length + changes.consequences.closedViolations.length === 0,
    );
    return { outcome, changes };
  }

  it('makes one violation when it begins, with the figures that explain it', () => {
    const { changes } = judge(DAY, OUTLIER);
    const at = windowOfDay(DAY).end;
    const details = {
      metric: 'chats',
      plan: 'ltd',
      day: '2024-10-04',
      averagePerDay: '600',
      days: '80',
      averagePerDayWithCampaigns: '1234.57',
      daysWithCampaigns: '90',
      peersMedianPerDay: '0.333333',
      timesMedian: '1800',
      peers: '120',
      score: '14.99',
      clause:
        'In case a User keeps generating significantly more traffic than the average for the corresponding subscription, Jikoo may intervene.',
    };
    expect(changes.consequences.violations).toMatchObject([
      { rule: 'long-run-average', workspaceId: '', windowStart: null, occurredAt: at, details },
    ]);
    expect(changes.consequences.outgoing).toMatchObject([
      {
        topic: 'fair-use.violations.v1',
        record: {
          accountId: 'a',
          workspaceId: null,
          plan: 'ltd',
          policyVersion: '2021-10-19',
          rule: 'long-run-average',
          metric: null,
          windowKind: null,
          windowStart: null,
          windowEnd: null,
          used: null,
          limit: null,
          level: null,
          causeEventId: null,
          occurredAt: at,
          detectedAt: NOW,
          details,
        },
      },
    ]);
  });

  it('says so where the peers are all alike', () => {
    const { changes } = judge(DAY, { ...OUTLIER, score: Infinity });
    expect(changes.consequences.violations[0]?.details['score']).toBe('unbounded: the peers are all alike');
  });

  it('goes on without another, ends with the first day that is none, and the next has an id of its own', () => {
    const outcomes = [null, OUTLIER, OUTLIER, null, null, OUTLIER, null].map((outlier, n) =>
      judge(DAY + n, outlier),
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'none',
      'began',
      'none',
      'ended',
      'none',
      'began',
      'ended',
    ]);
    const ids = outcomes.flatMap(({ changes }) => changes.consequences.violations.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
    expect(outcomes.flatMap(({ changes }) => changes.consequences.closedViolations)).toEqual([
      { id: ids[0], closedAt: windowOfDay(DAY + 3).end },
      { id: ids[1], closedAt: windowOfDay(DAY + 6).end },
    ]);
    expect(ids[0]).toBe(eventId('violation', 'a', '', 'long-run-average', 'outlier', 0));
  });

  it('changes nothing when a day is judged again', () => {
    judge(DAY, OUTLIER);
    expect(judge(DAY, OUTLIER).outcome).toBe('none');
    judge(DAY + 1, null);
    expect(judge(DAY + 1, null).outcome).toBe('none');
  });

  it('leaves facts of other rules as they are', () => {
    const other = {
      rule: 'no-resale',
      fact: 'outlier',
      generation: 3,
      violationId: 'v',
      open: true,
    } as const;
    state.conditions = { owner: 'o', facts: [other] };
    judge(DAY, OUTLIER);
    judge(DAY + 1, null);
    expect(state.conditions.owner).toBe('o');
    expect(state.conditions.facts).toContainEqual(other);
    expect(state.conditions.facts).toContainEqual(expect.objectContaining({ generation: 0, open: false }));
  });
});
