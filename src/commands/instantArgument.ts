import { InvalidArgumentError } from 'commander';
import { instant } from '../config/policyValues.js';

/** An RFC 3339 instant of the command line, in epoch milliseconds. */
export function instantArgument(text: string): number {
  const parsed = instant.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('Write an instant such as 2026-12-01T00:00:00Z.');
  return parsed.data;
}
