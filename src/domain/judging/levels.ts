/**
 * Level L of a limit is reached when used × 100 ≥ limit × L (integers, contract §3). Policy: "80% of this limit is
 * reached"; 100 % is the limit itself.
 */
export function reaches(used: number, limit: number, level: number): boolean {
  return used * 100 >= limit * level;
}

/** The smallest whole figure that reaches the level. */
export function firstFigureAt(limit: number, level: number): number {
  return Math.ceil((limit * level) / 100);
}

/** Policy: "in the event of surpassing the above-mentioned limits": more than 100 %. */
export function surpasses(used: number, limit: number): boolean {
  return used > limit;
}
