import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { many } from '../e2e/platform.js';
import { chats, known, Stage } from './scenarios/stage.js';

const GROUPS = ['fair-use-processor', 'fair-use-mailer'];
// Far longer than anything here is waited for.
const ENV = { KAFKA_SESSION_TIMEOUT_MS: '1200000' };
const ROLES = ['processor', 'relay', 'mailer'];

describe('a process that was killed', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  }, 120_000);
  afterEach(async () => {
    await stage.close();
  }, 60_000);

  /** As the processes have put it on record: a member keeps its id for as long as it is in the group. */
  async function membersOf(groupId: string): Promise<string[]> {
    const rows = await stage.servers.rows<{ member_id: string }>(
      'select member_id from group_members where group_id = $1',
      [groupId],
    );
    return rows.map(({ member_id: memberId }) => memberId);
  }

  it('is followed by the next one at once, in both groups, though its sessions have not ended', async () => {
    const accounts = many(16, (n) => `a${n}`);
    await stage.run('p', ROLES, ENV);
    await stage.publish(accounts.map((id) => known(id, 'pro')));
    await stage.publish(accounts.flatMap((id) => chats(id, 40)));
    await stage.counted();
    const former = await Promise.all(GROUPS.map(membersOf));
    expect(former.map((members) => members.length)).toEqual([1, 1]);

    await stage.fleet.restart('p', 'SIGKILL', ENV);
    await stage.publish(chats('a0', 1_600, 40));
    await stage.counted();
    await stage.until('the warning was mailed', () => stage.servers.smtp.accepted.length === 1);
    for (const [index, group] of GROUPS.entries()) {
      await stage.until(`the dead member of ${group} is forgotten`, async () => {
        const members = await membersOf(group);
        return members.length === 1 && members[0] !== former[index]?.[0];
      });
    }
    expect(await stage.verdict()).toEqual([]);
  }, 400_000);

  it('is followed by another one beside those that live, which stay', async () => {
    const accounts = many(16, (n) => `a${n}`);
    await stage.run('p1', ['processor'], ENV);
    await stage.run('rest', ['relay', 'mailer'], ENV);
    const second = await stage.run('p2', ['processor'], ENV);
    await stage.until('the second has partitions', () =>
      second.log().includes('counting from the positions'),
    );
    const before = await membersOf('fair-use-processor');
    expect(before).toHaveLength(2);
    await stage.publish(accounts.map((id) => known(id, 'pro')));
    await stage.counted();

    await stage.fleet.remove('p1', 'SIGKILL');
    await stage.run('p3', ['processor'], ENV);
    await stage.publish(accounts.flatMap((id) => chats(id, 40)));
    await stage.counted();
    await stage.until('one member is new and the one that lives is as before', async () => {
      const after = await membersOf('fair-use-processor');
      return after.length === 2 && after.filter((memberId) => before.includes(memberId)).length === 1;
    });
    expect(await stage.verdict()).toEqual([]);
  }, 400_000);
});
