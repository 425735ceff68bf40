import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hurryMails } from '../checks/settled.js';
import type { Scenario } from './counting.js';
import { chats, known, type Stage } from './stage.js';

const HOUR_MS = 3_600_000;
const STEPPED_CLOCK = resolve('test/chaos/world/steppedClock.mjs');

const GROUP = 'fair-use-processor';

async function membersOf(stage: Stage, groupId: string): Promise<string[]> {
  const admin = stage.servers.kafka.admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([groupId]);
    return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId));
  } finally {
    await admin.disconnect();
  }
}

/** Another process joins: a member that sends no heartbeat does not learn of it, and is thrown out. */
async function joinedBy(stage: Stage, env: NodeJS.ProcessEnv): Promise<string[]> {
  const before = await membersOf(stage, GROUP);
  const joining = await stage.run('p2', ['processor'], env);
  await stage.until('the other has partitions', () => joining.log().includes('counting from the positions'));
  const after = await membersOf(stage, GROUP);
  const stayed = before.length === 1 && before.every((memberId) => after.includes(memberId));
  return stayed ? [] : ['liveness: a member lost its place in the group when its clock was set back'];
}

/** The clock of running processes is set on by three hours, back by five while another process joins, and right again. */
export const clockSteps: Scenario = async (stage) => {
  const clock = join(stage.folder, 'clock');
  const set = (hours: number): void => writeFileSync(clock, String(hours * HOUR_MS));
  set(0);
  const env = { CHAOS_CLOCK: clock, NODE_OPTIONS: `--import=${pathToFileURL(STEPPED_CLOCK).href}` };
  await stage.run('p1', ['processor'], env);
  await stage.run('rest', ['relay', 'mailer', 'scheduler'], env);
  await stage.publish([known('a1', 'pro'), known('a2', 'sandbox'), ...chats('a1', 1_500)]);
  await stage.counted();
  const broken: string[] = [];
  for (const [step, hours] of [3, -2, 0].entries()) {
    set(hours);
    await stage.publish([...chats('a1', 250, 1_500 + step * 250), ...chats('a2', 60, step * 60)]);
    await stage.counted();
    if (hours < 0) broken.push(...(await joinedBy(stage, env)));
    await hurryMails(stage.servers, false);
  }
  return [...broken, ...(await stage.verdict())];
};
