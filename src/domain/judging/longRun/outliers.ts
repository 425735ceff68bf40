import { USUAL_SHARES, type LongRunTerms } from '../../policy/policy.js';
import type { Average } from './averages.js';

// Makes the MAD of a normal population its standard deviation.
const MAD_TO_DEVIATION = 1.4826;

/** Other accounts of a plan, by what an average is compared with. */
export interface Peers {
  readonly count: number;
  /** A day. */
  readonly median: number;
  /** Of the logarithms; 0: all (or nearly all) are alike. */
  readonly spread: number;
}

/** An average far above its plan's others. */
export interface Outlier extends Average {
  readonly peers: Peers;
  /** Distance from the peers' median in spreads; Infinity where they have none. */
  readonly score: number;
}

/**
 * The outliers among the averages of one plan and metric (policy: "significantly more traffic than the average for the
 * corresponding subscription"). Peers are the others that have any traffic. The comparison is on logarithms: traffic
 * differs by factors. An outlier is at least `score` spreads and `multiple` times above the peers' median, and at least
 * at `minimumAverage`; the spread is the MAD's, or that of the upper part where that is larger.
 */
export function outliersAmong(averages: readonly Average[], terms: LongRunTerms): Outlier[] {
  const figures = Float64Array.from(
    averages.filter(({ perDay }) => perDay > 0),
    ({ perDay }) => perDay,
  ).sort();
  // Without the largest: whichever outlier is left out of the others, their median, MAD and quantile stay the same, for it
  // lies above all that these are read from.
  const peers = peersOf(figures.subarray(0, Math.max(0, figures.length - 1)), terms);
  if (peers.count < Math.max(1, terms.minimumPeers)) return [];
  return averages.flatMap((average) => {
    const { perDay, judged, metric } = average;
    const least = terms.metrics.find((one) => one.metric === metric)?.minimumAverage ?? Infinity;
    if (!judged || perDay < least || perDay < peers.median * terms.multiple) return [];
    const score = Math.log(perDay / peers.median) / peers.spread;
    return score >= terms.score ? [{ ...average, peers, score }] : [];
  });
}

/**
 * Every outlier of a day by account; of an account that is one by several metrics, the farthest. `averages` may be of
 * any plans and metrics.
 */
export function outliersOf(averages: Iterable<Average>, terms: LongRunTerms): Map<string, Outlier> {
  const groups = new Map<string, Average[]>();
  for (const average of averages) {
    const key = `${average.metric}/${average.plan}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [average]);
    else group.push(average);
  }
  const farthest = new Map<string, Outlier>();
  for (const group of groups.values()) {
    for (const outlier of outliersAmong(group, terms)) {
      const other = farthest.get(outlier.accountId);
      if (other === undefined || isFarther(outlier, other)) farthest.set(outlier.accountId, outlier);
    }
  }
  return farthest;
}

/** How many times the peers' median. */
export function timesMedian({ perDay, peers }: Outlier): number {
  return perDay / peers.median;
}

/** `figures`: ascending, above 0. */
function peersOf(figures: Float64Array, { usualShare }: LongRunTerms): Peers {
  const count = figures.length;
  if (count === 0) return { count, median: 0, spread: 0 };
  // Of two in the middle the geometric mean, as befits logarithms.
  const [low, high] = middle(figures);
  const median = low === high ? low : Math.sqrt(low) * Math.sqrt(high);
  const distances = figures.map((figure) => Math.abs(Math.log(figure / median))).sort();
  const [near, far] = middle(distances);
  const usual = figures[Math.ceil((count * usualShare) / 100) - 1] ?? median;
  const spread = Math.max(
    ((near + far) / 2) * MAD_TO_DEVIATION,
    Math.log(usual / median) / USUAL_SHARES[usualShare],
  );
  return { count, median, spread };
}

function middle(sorted: Float64Array): [number, number] {
  const half = Math.floor((sorted.length - 1) / 2);
  return [sorted[half] ?? 0, sorted[sorted.length - 1 - half] ?? 0];
}

function isFarther(one: Outlier, other: Outlier): boolean {
  if (one.score !== other.score) return one.score > other.score;
  return timesMedian(one) > timesMedian(other);
}
