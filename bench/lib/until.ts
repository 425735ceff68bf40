import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until there is an answer (not null or false); throws after `withinMs`. */
export async function until<T>(
  what: string,
  look: () => T | null | false | Promise<T | null | false>,
  { withinMs = 600_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await sleep(everyMs);
  }
}
