import { v5 } from 'uuid';

// Ours for good: every id ever published stems from it.
const NAMESPACE = '6b0c7a35-5d0e-5c39-9a53-7f7c2f6c8a11';

/** The id (UUID version 5) of the thing that the parts name; the same parts give the same id in any database. */
export function eventId(...parts: readonly (string | number)[]): string {
  // JSON keeps ["a","b/c"] and ["a/b","c"] apart.
  return v5(JSON.stringify(parts), NAMESPACE);
}
