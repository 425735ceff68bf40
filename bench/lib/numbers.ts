import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_000, M: 1_000_000 };

/** A whole number from 1 on, such as 250000, 250k or 5M. */
export function count(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] ?? 0);
  if (value < 1) throw new InvalidArgumentError('a whole number from 1 on, such as 250k or 5M');
  return value;
}

/** Several of them, separated by commas. */
export function counts(text: string): number[] {
  return text.split(',').map(count);
}

/** 5000000: `5M`. */
export function short(value: number): string {
  if (value % 1_000_000 === 0) return `${value / 1_000_000}M`;
  return value % 1_000 === 0 ? `${value / 1_000}k` : String(value);
}
