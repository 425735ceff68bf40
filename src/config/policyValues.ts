import { z } from 'zod';
import { LARGEST_LIMIT, type Allowed } from '../domain/policy/policy.js';

const KIB = 1_024;
const BYTES: Readonly<Record<string, number>> = { KiB: KIB, MiB: KIB ** 2, GiB: KIB ** 3, TiB: KIB ** 4 };
const MS: Readonly<Record<string, number>> = { min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A value as somebody wrote it, for a message. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** What zod says of a value that is missing, empty or not as expected. */
export function expecting(what: string): { error: (issue: { input?: unknown }) => string } {
  return {
    error: ({ input }) => {
      if (input === undefined) return `is missing: expected ${what}`;
      return input === null ? `is empty: expected ${what}` : `expected ${what}, found ${brief(input)}`;
    },
  };
}

/** A number of things, or `unlimited`. */
export const count = read((raw): Allowed | string => allowed(raw, wholeNumber(raw), 'a whole number'));

/** A number of bytes, with a unit or without, or `unlimited`. */
export const bytes = read((raw): Allowed | string =>
  allowed(raw, withUnit(raw, BYTES) ?? wholeNumber(raw), 'a size such as 5 MiB or 10 GiB'),
);

/** A length of time in milliseconds, or `none`. */
export const duration = read((raw): { value: number | 'none' } | string => {
  if (raw === 'none') return { value: raw };
  const ms = withUnit(raw, MS);
  return ms !== undefined && inRange(ms)
    ? { value: ms }
    : `expected a time such as 24 h, or none, ${found(raw)}`;
}).transform(({ value }) => value);

/** A length of time in milliseconds. */
export const period = read((raw): { value: number } | string => {
  const ms = withUnit(raw, MS);
  return ms !== undefined && inRange(ms) ? { value: ms } : `expected a time such as 90 d, ${found(raw)}`;
}).transform(({ value }) => value);

/** A number from one to another, both included; `whole`: without a fraction. */
export function number(from: number, to: number, { whole }: { whole: boolean }): z.ZodType<number> {
  const what = `a${whole ? ' whole' : ''} number from ${from} to ${to}`;
  return read((raw): { value: number } | string => {
    const value = whole ? wholeNumber(raw) : raw;
    const isInRange = typeof value === 'number' && value >= from && value <= to;
    return isInRange ? { value } : `expected ${what}, ${found(raw)}`;
  }).transform(({ value }) => value);
}

/** A number of bytes above 0, with a unit or without. */
export const size = read((raw): { value: number } | string => {
  const amount = withUnit(raw, BYTES) ?? wholeNumber(raw);
  return amount !== undefined && inRange(amount)
    ? { value: amount }
    : `expected a size such as 5 MiB or 10 GiB above 0, ${found(raw)}`;
}).transform(({ value }) => value);

/** An instant with its zone, in epoch milliseconds. */
export const instant = z.iso
  .datetime({ offset: true, ...expecting('an instant such as 2021-10-19T00:00:00Z') })
  .transform((text) => Date.parse(text));

/** A schema from a function that returns the value, or the reason (a string) why there is none. */
function read<T extends object>(
  parse: (raw: unknown) => T | string,
): z.ZodPipe<z.ZodUnknown, z.ZodTransform<T>> {
  return z.unknown().transform((raw, context): T => {
    const result = parse(raw);
    if (typeof result !== 'string') return result;
    context.issues.push({ code: 'custom', message: result, input: raw });
    return z.NEVER;
  });
}

function allowed(raw: unknown, amount: number | undefined, what: string): Allowed | string {
  if (raw === 'unlimited') return { kind: 'unlimited' };
  if (amount !== undefined && inRange(amount)) return { kind: 'limited', amount };
  if (amount !== undefined && amount > LARGEST_LIMIT)
    return `${brief(raw)} is too large: at most ${LARGEST_LIMIT}`;
  return `expected ${what} above 0, or unlimited, ${found(raw)}`;
}

function wholeNumber(raw: unknown): number | undefined {
  return typeof raw === 'number' && Number.isInteger(raw) ? raw : undefined;
}

function withUnit(raw: unknown, units: Readonly<Record<string, number>>): number | undefined {
  const match = typeof raw === 'string' ? /^(\d+) ?([A-Za-z]+)$/.exec(raw) : null;
  const unit = units[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

function inRange(amount: number): boolean {
  return amount >= 1 && amount <= LARGEST_LIMIT;
}

/** Names what was found, and what was probably meant. */
function found(raw: unknown): string {
  if (typeof raw !== 'string') return `found ${brief(raw)}`;
  const digits = raw.replaceAll(/[\s_,.']/g, '');
  if (/^\d+$/.test(digits))
    return `found the text ${shown(raw)}: write ${String(Number(digits))}, digits only, no quotes`;
  const decimal = /^(\d+) ?([KMGT])B$/i.exec(raw);
  if (decimal !== null)
    return `found ${shown(raw)}: write ${decimal[1] ?? ''} ${(decimal[2] ?? '').toUpperCase()}iB`;
  return `found ${shown(raw)}`;
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a map' : shown(value);
}
