import type { Average } from '../../src/domain/judging/longRun/averages.js';
import { outliersAmong } from '../../src/domain/judging/longRun/outliers.js';
import type { LongRunTerms } from '../../src/domain/policy/policy.js';
import { DAYS, Random, seriesOf, YEAR, type Population, type Series } from './population.js';

type Figures = { -readonly [K in keyof Average]: Average[K] };

/** By account, the highest score of each outlier day and 0 for the others. */
export type Scores = (account: number, day: number, score: number) => void;

/**
 * Judges every day of a simulated year of one plan. `told` hears of each outlier day, in the order of days; accounts from
 * `population.size` on are the `heavy` ones. Returns how many days of accounts were judged.
 */
export function simulateYear(
  population: Population,
  heavy: readonly number[],
  terms: LongRunTerms,
  seed: number,
  told: Scores,
): number {
  const random = new Random(seed);
  const accounts = [
    ...Array.from({ length: population.size }, () => seriesOf(population, random)),
    ...heavy.map((times) => seriesOf(population, random, times)),
  ];
  const totals = accounts.map((series, n) => new Trailing(series, n, terms));
  let judged = 0;
  for (let day = 0; day < DAYS; day += 1) {
    for (const total of totals) total.add(day);
    if (day < DAYS - YEAR) continue;
    const averages = totals.filter(({ days }) => days >= terms.minimumDays).map((total) => total.average());
    judged += averages.length;
    for (const { accountId, score } of outliersAmong(averages, terms)) told(Number(accountId), day, score);
  }
  return judged;
}

/** Sums over the last days, agreed campaigns left out. */
class Trailing {
  days = 0;
  private sum = 0;
  private readonly figures: Figures;

  constructor(
    private readonly series: Series,
    account: number,
    private readonly terms: LongRunTerms,
  ) {
    this.figures = {
      accountId: String(account),
      metric: terms.metrics[0]?.metric ?? 'chats',
      plan: 'simulated',
      perDay: 0,
      days: 0,
      perDayWithCampaigns: 0,
      daysWithCampaigns: 0,
      judged: true,
    };
  }

  add(day: number): void {
    this.move(day, 1);
    this.move(day - this.terms.days, -1);
  }

  average(): Average {
    this.figures.perDay = this.sum / this.days;
    this.figures.days = this.days;
    return this.figures;
  }

  private move(day: number, by: 1 | -1): void {
    const { from, used, agreed } = this.series;
    if (day < from || agreed[day] === 1) return;
    this.days += by;
    this.sum += by * (used[day] ?? 0);
  }
}
