import { describe, expect, it } from '@jest/globals';
import type { Allowance } from '../../../../src/domain/accounts/allowance.js';
import { averagesOf, type AccountUse } from '../../../../src/domain/judging/longRun/averages.js';
import { campaignsOf } from '../../../../src/domain/judging/longRun/campaigns.js';
import { DAY_MS } from '../../../../src/domain/judging/longRun/days.js';
import { inForce, termsOf } from './terms.js';

const LAST = 1_000;
const FIRST = LAST - 9;
const PERIOD = { day: LAST, days: 10 };
const TERMS = termsOf();
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

function averages(change: Partial<AccountUse> = {}, terms = TERMS) {
  const use: AccountUse = {
    accountId: 'a',
    history: [inForce(1)],
    used: { chats: EVERY_DAY },
    campaigns: {},
    ...change,
  };
  return averagesOf(use, PERIOD, terms, (plan) => plan !== 'mystery');
}

describe('the average of an account', () => {
  it('is over every day of the period, those without use included', () => {
    expect(averages()).toEqual([
      {
        accountId: 'a',
        metric: 'chats',
        plan: 'pro',
        perDay: 5.5,
        days: 10,
        perDayWithCampaigns: 5.5,
        daysWithCampaigns: 10,
        judged: true,
      },
    ]);
    expect(averages({ used: { chats: [0, 0, 0, 0, 0, 0, 0, 0, 0, 20] } })).toMatchObject([
      { perDay: 2, days: 10 },
    ]);
    expect(averages({ used: {} })).toMatchObject([{ perDay: 0, days: 10 }]);
  });

  it('is one for each metric of the policy', () => {
    const metrics = (['chats', 'sessions'] as const).map((metric) => ({ metric, minimumAverage: 1 }));
    const used = { chats: EVERY_DAY, sessions: EVERY_DAY.map((n) => 2 * n), tickets: EVERY_DAY };
    expect(averages({ used }, termsOf({ metrics })).map(({ metric, perDay }) => [metric, perDay])).toEqual([
      ['chats', 5.5],
      ['sessions', 11],
    ]);
  });

  it.each([
    ['with the period', FIRST, 10],
    ['before the second day began', FIRST + 1 - 1 / DAY_MS, 10],
    ['with the second day', FIRST + 1, 9],
    ['in the middle of the eighth', FIRST + 7.5, 3],
    ['with the ninth', FIRST + 8, null],
    ['after the period', LAST + 1, null],
  ])('counts days from the one in which the account became known: %s', (_name, day, days) => {
    expect(averages({ history: [inForce(day)], used: {} })[0]?.days ?? null).toBe(days);
  });

  it('leaves out use from before it was known', () => {
    expect(averages({ history: [inForce(FIRST + 5)] })).toMatchObject([{ perDay: 8, days: 5 }]);
  });

  it.each(['SUSPENDED', 'CLOSED'] as const)('leaves out days all of which it was %s and unused', (status) => {
    const history = [inForce(1), inForce(FIRST + 3.5, 'pro', status), inForce(FIRST + 6, 'pro', 'UNKNOWN')];
    const used = { chats: [2, 2, 2, 2, 0, 6, 2, 2, 2, 2] };
    expect(averages({ history, used })).toMatchObject([{ perDay: 22 / 9, days: 9, judged: true }]);
  });

  it('is not judged on a day on which the account was inactive and unused, but is a peer still', () => {
    const closed = [inForce(1), inForce(LAST, 'pro', 'CLOSED')];
    const on = (lastDay: number) =>
      averages({ history: closed, used: { chats: [9, 9, 9, 9, 9, 9, 9, 9, 9, lastDay] } });
    expect(on(0)).toMatchObject([{ perDay: 9, days: 9, judged: false }]);
    expect(on(9)).toMatchObject([{ perDay: 9, days: 10, judged: true }]);
    const later = [inForce(1), inForce(LAST + 1 / DAY_MS, 'pro', 'CLOSED')];
    expect(averages({ history: later })).toMatchObject([{ days: 10, judged: true }]);
  });

  it.each([
    ['four of ten days', FIRST + 6, 'pro', 3.5, 6],
    ['five of ten: of equals the later', FIRST + 5, 'ltd', 8, 5],
    ['six of ten', FIRST + 4, 'ltd', 7.5, 6],
    ['a change in the course of a day: the day is the new plan’s', FIRST + 4.9, 'ltd', 7.5, 6],
  ])('is of the plan of most days, and of its days alone: %s', (_name, from, plan, perDay, days) => {
    expect(averages({ history: [inForce(1), inForce(from, 'ltd')] })).toMatchObject([{ plan, perDay, days }]);
  });

  it('does not exist for a plan that the policy does not know, nor for too few days', () => {
    expect(averages({ history: [inForce(1, 'mystery')] })).toEqual([]);
    const mostly = [inForce(1, 'mystery'), inForce(LAST - 3)];
    expect(averages({ history: mostly })).toEqual([]);
    const few = [
      inForce(1),
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => inForce(FIRST + n, `plan${n % 4}`)),
    ];
    expect(averages({ history: few })).toMatchObject([{ plan: 'plan1', days: 3 }]);
    expect(averages({ history: few }, termsOf({ minimumDays: 4 }))).toEqual([]);
  });
});

describe('days of agreed campaigns', () => {
  const during = (from: number, to: number) =>
    averages({ campaigns: { chats: [{ start: from * DAY_MS, end: to * DAY_MS }] } })[0];
  it.each([
    ['a whole day', LAST, LAST + 1, 9, 5],
    ['an instant of it', LAST + 0.5, LAST + 0.5 + 1 / DAY_MS, 9, 5],
    ['two days by an instant each', LAST - 1 / DAY_MS, LAST + 1 / DAY_MS, 8, 4.5],
    ['up to the day before', LAST - 1, LAST, 9, 46 / 9],
    ['outside the period', LAST + 1, LAST + 9, 10, 5.5],
  ])('are left out, and shown beside: %s', (_name, from, to, days, perDay) => {
    expect(during(from, to)).toMatchObject({ days, perDay, daysWithCampaigns: 10, perDayWithCampaigns: 5.5 });
  });

  it('do not count where they are another metric’s', () => {
    const campaigns = { sessions: [{ start: 0, end: (LAST + 1) * DAY_MS }] };
    expect(averages({ campaigns })).toMatchObject([{ days: 10 }]);
  });

  it('leave nothing to judge where they leave too few days', () => {
    expect(during(FIRST, LAST - 2)).toMatchObject({ days: 3, perDay: 9 });
    expect(during(FIRST, LAST - 1)).toBeUndefined();
  });

  it('are those of allowances on limits of the metric, until they are withdrawn', () => {
    const allowance = (rule: Allowance['rule'], change: Partial<Allowance> = {}): Allowance => ({
      id: 'x',
      rule,
      extra: 1,
      from: 100,
      to: 200,
      reason: '',
      grantedAt: 150,
      withdrawnAt: null,
      ...change,
    });
    expect(
      campaignsOf([
        allowance('chats-per-hour'),
        allowance('chats-per-month', { from: 300, to: 400, withdrawnAt: 350 }),
        allowance('sessions-per-month', { withdrawnAt: 900 }),
        allowance('tickets-per-month', { withdrawnAt: 100 }),
        allowance('upload-bytes-per-year', { withdrawnAt: 99 }),
        allowance('file-size'),
      ]),
    ).toEqual({
      chats: [
        { start: 100, end: 200 },
        { start: 300, end: 350 },
      ],
      sessions: [{ start: 100, end: 200 }],
    });
  });
});
