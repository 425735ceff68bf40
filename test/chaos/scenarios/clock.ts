import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hurryMails } from '../checks/settled.js';
import type { Scenario } from './counting.js';
import { chats, known } from './stage.js';

const HOUR_MS = 3_600_000;
const STEPPED_CLOCK = resolve('test/chaos/world/steppedClock.mjs');

/** The clock of running processes is set on by three hours, back by five, and right again. */
export const clockSteps: Scenario = async (stage) => {
  const clock = join(stage.folder, 'clock');
  const set = (hours: number): void => writeFileSync(clock, String(hours * HOUR_MS));
  set(0);
  const env = { CHAOS_CLOCK: clock, NODE_OPTIONS: `--import=${pathToFileURL(STEPPED_CLOCK).href}` };
  await stage.run('p1', ['processor'], env);
  await stage.run('rest', ['relay', 'mailer', 'scheduler'], env);
  await stage.publish([known('a1', 'pro'), known('a2', 'sandbox'), ...chats('a1', 1_500)]);
  await stage.counted();
  for (const [step, hours] of [3, -2, 0].entries()) {
    set(hours);
    await stage.publish([...chats('a1', 250, 1_500 + step * 250), ...chats('a2', 60, step * 60)]);
    await stage.counted();
    await hurryMails(stage.servers, false);
  }
  return stage.verdict();
};
