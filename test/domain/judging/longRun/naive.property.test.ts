import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PlanInForce } from '../../../../src/domain/accounts/account.js';
import { averagesOf, type AccountUse } from '../../../../src/domain/judging/longRun/averages.js';
import { outliersOf } from '../../../../src/domain/judging/longRun/outliers.js';
import type { LongRunTerms, Metric } from '../../../../src/domain/policy/policy.js';
import { inForce, termsOf } from './terms.js';

const HOUR = 3_600_000;
const LAST = 500;
const KNOWN_PLANS = ['pro', 'ltd'];
const Z = { 90: 1.2815515655446004, 95: 1.6448536269514722, 99: 2.3263478740408408 };
const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const RUNS = Number(process.env['FC_RUNS'] ?? 300);

interface NaiveAverage {
  accountId: string;
  metric: Metric;
  plan: string;
  with: number[];
  without: number[];
  judged: boolean;
}

/** The rule once more, hour by hour and account by account, without any of the shortcuts. */
function naiveAverages(use: AccountUse, terms: LongRunTerms, metric: Metric): NaiveAverage | null {
  const byPlan = new Map<string, { with: number[]; without: number[]; last: number }>();
  let judged = false;
  for (let day = LAST - terms.days + 1; day <= LAST; day += 1) {
    let plan: string | null = null;
    let active = false;
    let agreed = false;
    for (let hour = 0; hour < 24; hour += 1) {
      const now = (day * 24 + hour) * HOUR;
      const entry = use.history.filter(({ from }) => from <= now).at(-1);
      plan = entry?.plan ?? plan;
      active ||= entry?.status === 'ACTIVE' || entry?.status === 'UNKNOWN';
      agreed ||= (use.campaigns[metric] ?? []).some(({ start, end }) => start <= now && now < end);
    }
    const on = (one: Metric): number => use.used[one]?.[day - (LAST - terms.days + 1)] ?? 0;
    judged = plan !== null && (active || terms.metrics.some((one) => on(one.metric) > 0));
    if (!judged || plan === null) continue;
    const days = byPlan.get(plan) ?? { with: [], without: [], last: 0 };
    byPlan.set(plan, days);
    days.with.push(on(metric));
    if (!agreed) days.without.push(on(metric));
    days.last = day;
  }
  const [most] = [...byPlan].sort(
    ([, one], [, other]) => other.with.length - one.with.length || other.last - one.last,
  );
  if (most === undefined || !KNOWN_PLANS.includes(most[0])) return null;
  const [plan, days] = most;
  if (days.without.length < terms.minimumDays) return null;
  return { accountId: use.accountId, metric, plan, with: days.with, without: days.without, judged };
}

const sum = (figures: readonly number[]): number => figures.reduce((total, one) => total + one, 0);
const mean = (figures: readonly number[]): number => sum(figures) / figures.length;

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const at = (n: number): number => sorted[n] ?? NaN;
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? at(Math.floor(half)) : (at(half - 1) + at(half)) / 2;
}

/** Against every other, each time anew: score and times the median; null where it is no outlier. */
function naiveScore(
  own: NaiveAverage,
  all: readonly NaiveAverage[],
  terms: LongRunTerms,
): [number, number] | null {
  const others = all
    .filter((one) => one !== own && one.plan === own.plan && one.metric === own.metric)
    .map((one) => mean(one.without))
    .filter((figure) => figure > 0)
    .map((figure) => Math.log(figure))
    .sort((one, other) => one - other);
  const perDay = mean(own.without);
  const least = terms.metrics.find(({ metric }) => metric === own.metric)?.minimumAverage ?? Infinity;
  if (!own.judged || others.length < terms.minimumPeers || perDay < least || perDay === 0) return null;
  const middle = median(others);
  const mad = median(others.map((one) => Math.abs(one - middle)));
  const usual = others[Math.ceil((others.length * terms.usualShare) / 100) - 1] ?? NaN;
  const spread = Math.max(mad * 1.4826, (usual - middle) / Z[terms.usualShare]);
  const distance = Math.log(perDay) - middle;
  const score = spread < 1e-9 ? Infinity : distance / spread;
  const close = (one: number, other: number): boolean => Math.abs(one - other) < 1e-9;
  const times = Math.exp(distance);
  // A case that rounding decides says nothing.
  fc.pre(!close(score, terms.score) && !close(times / terms.multiple, 1));
  return score > terms.score && times > terms.multiple ? [score, times] : null;
}

const history = fc
  .array(
    fc.record({
      hour: fc.integer({ min: -30, max: 14 * 24 }),
      plan: fc.constantFrom('pro', 'pro', 'pro', 'ltd', 'mystery'),
      status: fc.constantFrom('ACTIVE', 'ACTIVE', 'UNKNOWN', 'SUSPENDED', 'CLOSED'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((entries): PlanInForce[] =>
    [...new Map(entries.map((entry) => [entry.hour, entry])).values()]
      .sort((one, other) => one.hour - other.hour)
      .map(({ hour, plan, status }) => inForce(LAST - 12 + hour / 24, plan, status)),
  )
  .map((entries) => entries.map((entry) => ({ ...entry, from: Math.round(entry.from / HOUR) * HOUR })));
const days = fc.array(fc.constantFrom(0, 1, 2, 3, 8), { minLength: 12, maxLength: 12 });
const level = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0, 1, 1, 2, 2, 3) },
  { weight: 1, arbitrary: fc.constantFrom(40, 1_000) },
);
const figures = fc.tuple(days, level).map(([each, times]) => each.map((figure) => figure * times));
const campaigns = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 288 }), fc.integer({ min: 1, max: 60 })).map(([from, length]) => ({
    start: (LAST - 11) * 24 * HOUR + from * HOUR,
    end: (LAST - 11) * 24 * HOUR + (from + length) * HOUR,
  })),
  { maxLength: 2 },
);
const account = fc.record({
  history: fc.oneof({ weight: 3, arbitrary: fc.constant([inForce(1)]) }, { weight: 1, arbitrary: history }),
  chats: figures,
  sessions: figures,
  campaigns,
});
const terms = fc
  .record({
    minimumDays: fc.integer({ min: 1, max: 12 }),
    minimumPeers: fc.integer({ min: 1, max: 40 }),
    score: fc.double({ min: 2.5, max: 5, noNaN: true }),
    multiple: fc.double({ min: 1.1, max: 20, noNaN: true }),
    usualShare: fc.constantFrom(90, 95, 99),
    least: fc.constantFrom(0, 1, 50),
  })
  .map(({ least, ...rest }) =>
    termsOf({
      ...rest,
      days: 12,
      metrics: (['chats', 'sessions'] as const).map((metric) => ({ metric, minimumAverage: least })),
    }),
  );

describe('averages and outliers', () => {
  it('are those of a naive second reading', () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(account, { minLength: 10, maxLength: 60, size: 'max' }),
        terms,
        (accounts, how) => {
          const uses = accounts.map(
            ({ history: entries, chats, sessions, campaigns: agreed }, n): AccountUse => ({
              accountId: `a${n}`,
              history: entries,
              used: { chats, sessions },
              campaigns: { chats: agreed },
            }),
          );
          const averages = uses.flatMap((use) =>
            averagesOf(use, { day: LAST, days: how.days }, how, (plan) => KNOWN_PLANS.includes(plan)),
          );
          const naive = uses.flatMap((use) =>
            how.metrics.flatMap(({ metric }) => naiveAverages(use, how, metric) ?? []),
          );
          expect(averages).toEqual(
            naive.map((one) => ({
              accountId: one.accountId,
              metric: one.metric,
              plan: one.plan,
              judged: one.judged,
              perDay: mean(one.without),
              days: one.without.length,
              perDayWithCampaigns: mean(one.with),
              daysWithCampaigns: one.with.length,
            })),
          );
          const best = new Map<string, [number, number]>();
          for (const own of naive) {
            const score = naiveScore(own, naive, how);
            const other = best.get(own.accountId);
            if (score === null) continue;
            if (
              other === undefined ||
              score[0] > other[0] ||
              (score[0] === other[0] && score[1] > other[1])
            ) {
              best.set(own.accountId, score);
            }
          }
          const outliers = outliersOf(averages, how);
          expect([...outliers.keys()].sort()).toEqual([...best.keys()].sort());
          for (const [accountId, { score, perDay, peers }] of outliers) {
            const [expected = NaN, times = NaN] = best.get(accountId) ?? [];
            if (Number.isFinite(expected)) expect(score).toBeCloseTo(expected, 6);
            else expect(score).toBeGreaterThan(1e6);
            expect(perDay / peers.median / times).toBeCloseTo(1, 9);
          }
          found += outliers.size;
        },
      ),
      { numRuns: RUNS, ...SEED },
    );
    // A comparison of nothing with nothing proves nothing.

    expect(found).toBeGreaterThan(RUNS / 4);
  }, 120_000);
});
