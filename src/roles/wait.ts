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

/** Resolves to the work's result, or to `null` after `ms`; a failure of the work is one too. Never rejects. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  const gone = new AbortController();
  const result = await Promise.race([work.catch(() => null), sleep(ms, gone.signal).then(() => null)]);
  gone.abort();
  return result;
}

/** Resolves when one of the signals is aborted. Never rejects. */
export function untilAborted(...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    }
  });
}
