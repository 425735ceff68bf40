/** Uniform numbers in [0, 1) from a seed (mulberry32): the same workload each time. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A version 4 UUID. */
export function uuid(random: () => number): string {
  let text = '';
  for (let at = 0; at < 16; at += 1) {
    let byte = Math.floor(random() * 256);
    if (at === 6) byte = (byte & 0x0f) | 0x40;
    if (at === 8) byte = (byte & 0x3f) | 0x80;
    text += HEX[byte] ?? '';
    if (at === 3 || at === 5 || at === 7 || at === 9) text += '-';
  }
  return text;
}

/** Draws ranks 0 … n − 1 by Zipf's law with s = 1: the first of 10,000 gets about a tenth. */
export function zipf(n: number, random: () => number): () => number {
  const sums = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) sums[rank] = sum += 1 / (rank + 1);
  return () => {
    const wanted = random() * sum;
    let low = 0;
    for (let high = n - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
