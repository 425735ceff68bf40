import { setTimeout as pause } from 'node:timers/promises';
import type { TopicEnds } from './readTopics.js';
import { readViews, type Views } from './views.js';

const POLL_MS = 500;

/** What the engine has not done yet, in words; empty when it has read the input and said all it has to say. */
export function unfinished(views: Views, ends: TopicEnds): string[] {
  const next = new Map(
    views.progress.map(({ topic, partition, nextOffset }) => [`${topic}/${String(partition)}`, nextOffset]),
  );
  const behind = [...ends]
    .filter(([name, end]) => (next.get(name) ?? 0) < end)
    .map(([name, end]) => `${name}: read up to ${String(next.get(name) ?? 0)} of ${String(end)}`);
  const pending = views.notifications.filter(({ status }) => status === 'PENDING').length;
  const underWay = views.deliveries.filter(({ status }) => ['PENDING', 'SENDING'].includes(status)).length;
  if (pending > 0) behind.push(`${String(pending)} notifications still pending`);
  if (underWay > 0) behind.push(`${String(underWay)} deliveries still under way`);
  return behind;
}

/**
 * Waits until the engine has read the input to the given ends, its mails are settled and its outbox is empty
 * (`published` counts the records on the output topics). Gives up after `timeoutMs` and says what is left.
 */
export async function settle(
  databaseUrl: string,
  ends: TopicEnds,
  published: () => Promise<number>,
  timeoutMs: number,
): Promise<{ views: Views; left: string[] }> {
  const deadline = Date.now() + timeoutMs;
  let before = -1;
  for (;;) {
    const views = await readViews(databaseUrl);
    const left = unfinished(views, ends);
    const expected =
      views.violations.length +
      views.overages.length +
      // One event when a measure is applied, another when it is lifted.
      views.measures.reduce((sum, { status }) => sum + (status === 'LIFTED' ? 2 : 1), 0) +
      views.deadLetters.length +
      views.notifications.filter(({ status }) => status !== 'SUPPRESSED').length;
    const now = left.length === 0 ? await published() : -1;
    // Repeats may lift the number: it is enough, and it stands still.
    if (left.length === 0 && now >= expected && now === before) return { views, left };
    if (Date.now() >= deadline) return { views, left };
    before = now;
    await pause(POLL_MS);
  }
}
