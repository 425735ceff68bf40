/** Traffic of a simulated plan: how much its accounts differ, how their days differ, and what campaigns do. */
export interface Population {
  readonly name: string;
  /** Accounts. */
  readonly size: number;
  /** A day, of the account in the middle. */
  readonly median: number;
  /** An account's level as the logarithm of its multiple of the median. */
  readonly level: (random: Random) => number;
  /** An unagreed campaign begins on how many days of a thousand; agreed ones just as often. */
  readonly campaigns: number;
}

const WARM_UP = 90;
export const YEAR = 365;
export const DAYS = WARM_UP + YEAR;
const DAILY_SPREAD = 0.5;
const GROWTH_PER_DAY = 0.1 / Math.sqrt(30);
const CAMPAIGN = { times: 10, days: 5 };
const WEEKEND = 0.5;
// One account in five comes in the course of the year.
const NEWCOMERS = 0.2;

/** An account's days: figures, and whether a campaign was agreed (1). Before `from` it did not exist. */
export interface Series {
  readonly from: number;
  readonly used: Float64Array;
  readonly agreed: Uint8Array;
}

/** One account of the population; `times`: at this multiple of the median instead, all the time. */
export function seriesOf(population: Population, random: Random, times?: number): Series {
  const used = new Float64Array(DAYS);
  const agreed = new Uint8Array(DAYS);
  const from = times === undefined && random.unit() < NEWCOMERS ? Math.floor(random.unit() * DAYS) : 0;
  let level = times === undefined ? population.level(random) : Math.log(times);
  let campaignDays = 0;
  let isAgreed = false;
  for (let day = from; day < DAYS; day += 1) {
    if (campaignDays === 0 && random.unit() < (2 * population.campaigns) / 1_000) {
      campaignDays = CAMPAIGN.days;
      isAgreed = random.unit() < 0.5;
    }
    if (times === undefined) level += GROWTH_PER_DAY * random.normal();
    const noise = DAILY_SPREAD * random.normal() - DAILY_SPREAD ** 2 / 2;
    const week = day % 7 > 4 ? WEEKEND : 1;
    const campaign = campaignDays > 0 ? CAMPAIGN.times : 1;
    used[day] = random.poisson(population.median * Math.exp(level + noise) * week * campaign);
    agreed[day] = campaignDays > 0 && isAgreed ? 1 : 0;
    campaignDays = Math.max(0, campaignDays - 1);
  }
  return { from, used, agreed };
}

/** Random numbers from a seed (mulberry32). */
export class Random {
  constructor(private state: number) {}

  unit(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** Exact for small means, the normal one rounded for large. */
  poisson(mean: number): number {
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const least = Math.exp(-mean);
    let count = 0;
    for (let product = this.unit(); product > least; product *= this.unit()) count += 1;
    return count;
  }
}
