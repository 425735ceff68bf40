const MINUTES = 60;
const QUIET = new Array<number>(MINUTES).fill(0);

/**
 * The largest number of chats in 60 consecutive whole minutes that end at a minute of the hour, from minute
 * `from` on (policy, "Limit per hour": 2,000 chats within 60 minutes). `previous` and `hour` are the minute
 * counts of the hour before and of the hour itself; null: none.
 */
export function peakEndingFrom(
  previous: ArrayLike<number> | null,
  hour: ArrayLike<number> | null,
  from: number,
): number {
  const before = previous ?? QUIET;
  const within = hour ?? QUIET;
  let sum = 0;
  for (let m = 0; m <= from; m += 1) sum += within[m] ?? 0;
  for (let m = from + 1; m < MINUTES; m += 1) sum += before[m] ?? 0;
  let peak = sum;
  for (let m = from + 1; m < MINUTES; m += 1) {
    sum += (within[m] ?? 0) - (before[m] ?? 0);
    if (sum > peak) peak = sum;
  }
  return peak;
}
