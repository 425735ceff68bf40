import { loadPolicy } from '../src/config/policyFiles.js';
import type { LongRunTerms } from '../src/domain/policy/policy.js';
import { YEAR, type Population, type Random } from './longRun/population.js';
import { simulateYear } from './longRun/year.js';

/**
 * How often the rule on averages over longer periods accuses an account of a plan in which nobody does anything unusual,
 * and how often it finds one that does: the tables of docs/policy.md, on the terms of the shipped policy.
 * `npx tsx bench/longRun.ts [account-years a cell]`
 */
const ACCOUNT_YEARS = Number(process.argv[2] ?? 50_000);
const SIZES = [150, 1_000, 10_000];
const HEAVY = [5, 10, 20, 50, 100];
const HEAVY_EACH = 4;
const HEAVY_PLANS = 25;
const HEAVY_PLAN_SIZE = 1_000;
const CAMPAIGNS = 3;
const REPORTED_PER = 100_000;

type Kind = Pick<Population, 'name' | 'median' | 'level'>;

const KINDS: readonly Kind[] = [
  { name: 'all alike', median: 200, level: () => 0 },
  ...[0.3, 0.5, 0.8, 1, 1.5].map((sigma) => ({
    name: `log-normal, σ ${sigma}`,
    median: 200,
    level: (random: Random) => sigma * random.normal(),
  })),
  { name: 'log-normal, σ 1, one a day', median: 1, level: (random) => random.normal() },
  { name: 'two kinds, 8 % at 15 times the others', median: 200, level: twoKinds },
  { name: 'heavy tails (Student t, 3 degrees)', median: 200, level: heavyTailed },
];

function twoKinds(random: Random): number {
  return random.unit() < 0.08 ? Math.log(15) + 0.8 * random.normal() : 0.5 * random.normal();
}

function heavyTailed(random: Random): number {
  const chiSquared = [0, 1, 2].reduce((sum) => sum + random.normal() ** 2, 0);
  return (0.5 * random.normal()) / Math.sqrt(chiSquared / 3);
}

/** Violations, and in brackets accounts that had one, in 100,000 account-years without anything unusual. */
function falseAlarms(kind: Kind, size: number, terms: LongRunTerms): string {
  let runs = 0;
  let judged = 0;
  const accused = new Set<string>();
  for (let plan = 0; judged < ACCOUNT_YEARS * YEAR; plan += 1) {
    const lastOutlier = new Map<number, number>();
    const population = { ...kind, size, campaigns: CAMPAIGNS };
    judged += simulateYear(population, [], terms, size + plan * 7_919, (account, day) => {
      if (lastOutlier.get(account) !== day - 1) runs += 1;
      lastOutlier.set(account, day);
      accused.add(`${plan}/${account}`);
    });
  }
  const rate = (count: number): string => ((count / judged) * YEAR * REPORTED_PER).toFixed(1);
  return `${rate(runs)} (${rate(accused.size)})`;
}

/** By multiple of the median, the per cent of accounts that hold it for a year and had a violation in it. */
function found(kind: Kind, terms: LongRunTerms): string[] {
  const heavy = HEAVY.flatMap((times) => Array.from({ length: HEAVY_EACH }, () => times));
  const had = HEAVY.map(() => 0);
  for (let plan = 0; plan < HEAVY_PLANS; plan += 1) {
    const accused = new Set<number>();
    const population = { ...kind, size: HEAVY_PLAN_SIZE, campaigns: CAMPAIGNS };
    simulateYear(population, heavy, terms, plan * 104_729, (account) => accused.add(account));
    for (const account of accused) {
      const level = Math.floor((account - HEAVY_PLAN_SIZE) / HEAVY_EACH);
      if (level >= 0) had[level] = (had[level] ?? 0) + 1;
    }
  }
  return had.map((count) => `${Math.round((100 * count) / (HEAVY_EACH * HEAVY_PLANS))} %`);
}

function table(heads: readonly string[], row: (kind: Kind) => readonly string[]): void {
  console.log(`| population | ${heads.join(' | ')} |\n| --- |${' --- |'.repeat(heads.length)}`);
  for (const kind of KINDS) console.log(`| ${kind.name} | ${row(kind).join(' | ')} |`);
  console.log();
}

const shipped = loadPolicy('policy').versions.at(-1)?.longRun;
if (shipped === undefined || shipped === null) throw new Error('the policy does not judge averages');
// The method alone: the least average, below which nobody is accused, would only hide false alarms.
const bare = { ...shipped, metrics: shipped.metrics.map((one) => ({ ...one, minimumAverage: 0 })) };
console.log(`score ${bare.score}, multiple ${bare.multiple}, ${bare.usualShare} % usual\n`);
table(
  SIZES.map((size) => `${size} accounts`),
  (kind) => SIZES.map((size) => falseAlarms(kind, size, bare)),
);
table(
  HEAVY.map((times) => `${times}×`),
  (kind) => found(kind, bare),
);
