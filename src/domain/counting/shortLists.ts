// An array that grows has room for seventeen at once, in which most accounts would keep one or two.
const SHORT = 16;

/** The list with one more at `at`: a new one of just that length, or the same when it is long. */
export function inserted<T>(list: readonly T[], at: number, one: T): readonly T[] {
  if (list.length < SHORT) return list.toSpliced(at, 0, one);
  (list as T[]).splice(at, 0, one);
  return list;
}
