/** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/**
 * Resolves or rejects as the work does, or resolves to `null` as soon as one of the signals is aborted. The signals may live
 * for as long as the process: nothing is left on them.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  ...signals: readonly AbortSignal[]
): Promise<T | null> {
  let giveUp: () => void = () => undefined;
  const aborted = new Promise<null>((resolve) => (giveUp = () => resolve(null)));
  for (const signal of signals) {
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
  }
  try {
    return await Promise.race([work, aborted]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', giveUp);
  }
}

/** Resolves to the work's result, or to `null` after `ms`; a failure of the work is one too. Never rejects. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const gone = new AbortController();
  const result = await Promise.race([work.catch(() => null), sleep(ms, gone.signal).then(() => null)]);
  gone.abort();
  return result;
}
