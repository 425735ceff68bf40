import { describe, expect, it } from '@jest/globals';
import { judge } from './judge.js';

const NOISE = { MB: 24, rows: 500, connections: 2, 'bytes/event': 0.5 };
const verdict = (unit: keyof typeof NOISE, values: readonly number[]): boolean | undefined =>
  judge([{ name: 'it', unit, noise: NOISE[unit], values }])[0]?.flat;
const climb = (from: number, step: number): number[] => Array.from({ length: 90 }, (_, n) => from + n * step);

describe('whether a soak was flat', () => {
  it('looks away while it warms up, and not after', () => {
    expect(verdict('MB', [...climb(100, 10).slice(0, 30), ...Array<number>(60).fill(400)])).toBe(true);
    expect(verdict('MB', [...Array<number>(60).fill(100), ...Array<number>(30).fill(130)])).toBe(false);
  });

  it('sees what grows all the time, slowly or not', () => {
    expect(verdict('MB', climb(200, 1))).toBe(false);
    expect(verdict('rows', climb(1_000, 20))).toBe(false);
    expect(verdict('connections', climb(10, 0.1))).toBe(false);
    expect(verdict('bytes/event', climb(16, 0.1))).toBe(false);
  });

  it('bears a saw and what falls', () => {
    const saw = Array.from({ length: 90 }, (_, n) => 200 + (n % 9) * 20);
    expect(verdict('MB', saw)).toBe(true);
    expect(verdict('rows', climb(5_000, -10))).toBe(true);
  });

  it('has no opinion that is good on nothing', () => {
    expect(verdict('rows', [])).toBe(false);
  });
});
