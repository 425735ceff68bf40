/** One figure over the run, sampled at even times. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  /** Growth below this says nothing: garbage not collected yet, a page more or less, a batch on its way. */
  readonly noise: number;
  readonly values: readonly number[];
}

export interface Verdict {
  readonly name: string;
  readonly unit: string;
  /** Medians of the second and of the last third of the run; the first third is warm-up. */
  readonly middle: number;
  readonly last: number;
  /** What the last may be at most. */
  readonly allowed: number;
  readonly flat: boolean;
}

const GROWTH = 0.05;

/**
 * Flat: the median of the last third is at most 5 % (or its noise, if that is more) above the median of the
 * third before it. The first third is warm-up and not looked at.
 */
export function judge(series: readonly Series[]): Verdict[] {
  return series.map(({ name, unit, noise, values }) => {
    const third = Math.floor(values.length / 3);
    const middle = median(values.slice(third, 2 * third));
    const last = median(values.slice(2 * third));
    const allowed = middle + Math.max(middle * GROWTH, noise);
    return { name, unit, middle, last, allowed, flat: last <= allowed };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
