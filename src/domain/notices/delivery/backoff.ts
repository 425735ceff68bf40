/** When a mail is tried again; all times in milliseconds. */
export interface Backoff {
  /** Upper bound of the wait before the first retry. */
  readonly firstMs: number;
  /** Upper bound of every wait. */
  readonly maxMs: number;
  /** From the first attempt on; no retry is due later. */
  readonly giveUpAfterMs: number;
}

/** Contract §6: the first retry within 30 s, then growing with jitter to at most 15 minutes, for 24 h. */
export const BACKOFF: Backoff = { firstMs: 30_000, maxMs: 15 * 60_000, giveUpAfterMs: 24 * 3_600_000 };

/**
 * The wait in milliseconds after the `attempts`-th failed attempt: full jitter below a bound that doubles, so that
 * many mails refused at once do not come back at once. `random` is uniform in [0, 1).
 */
export function retryDelay(attempts: number, random: number, backoff: Backoff = BACKOFF): number {
  // 2 ** 31 is past every bound; larger exponents would only lose precision.
  const bound = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 31));
  // Never at once: a server that refuses needs a moment, and a delay of nothing is a busy loop.
  const least = backoff.firstMs / 30;
  return Math.round(least + random * (bound - least));
}

/**
 * When to try again after the `attempts`-th failed attempt (ms, on the scale of `now`), or `null` to give up.
 * @param firstAttemptAt of the first attempt, ms on the same scale
 * @param now ms on any scale that runs evenly
 */
export function nextAttemptAt(
  { attempts, firstAttemptAt }: { readonly attempts: number; readonly firstAttemptAt: number },
  now: number,
  random: number,
  backoff: Backoff = BACKOFF,
): number | null {
  const at = now + retryDelay(attempts, random, backoff);
  return at <= firstAttemptAt + backoff.giveUpAfterMs ? at : null;
}
