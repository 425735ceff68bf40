import { setTimeout as sleep } from 'node:timers/promises';

const TICK_MS = 200;

/** Calls `send` with counts that add up to `total`, evenly over `ms`; what a slow call missed is made up for. */
export async function paced(
  total: number,
  ms: number,
  signal: AbortSignal,
  send: (count: number) => Promise<void>,
): Promise<void> {
  const began = performance.now();
  for (let sent = 0; sent < total && !signal.aborted;) {
    const due = Math.min(total, Math.ceil(((performance.now() - began) / ms) * total));
    if (due > sent) await send(due - sent);
    sent = due;
    await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
  }
}
