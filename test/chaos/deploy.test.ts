import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deletedUnread, diskFull, rollingDeploy, topicRecreated } from './scenarios/servers.js';
import { Stage } from './scenarios/stage.js';

describe('what happens around the engine', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  }, 120_000);
  afterEach(async () => {
    await stage.close();
  }, 60_000);

  it('a next release is rolled out, with its migration, under load', async () => {
    expect(await rollingDeploy(stage)).toEqual([]);
  }, 300_000);

  it('the disk of the database is full for a while', async () => {
    const broken = await diskFull(stage);
    if (broken === null) console.warn('not tried: no small file system can be mounted here (root is needed)');
    else expect(broken).toEqual([]);
  }, 300_000);

  it('unread input was deleted: the process ends and says what is missing', async () => {
    const { code, line } = await deletedUnread(stage);
    expect(code).not.toBe(0);
    expect(line).toMatch(/platform\.chats\.v1 partition \d: offsets \d+ to \d+ were deleted by retention/);
  }, 300_000);

  it('a topic was recreated: the process ends and says so', async () => {
    const { code, line } = await topicRecreated(stage);
    expect(code).not.toBe(0);
    expect(line).toMatch(/platform\.chats\.v1 partition \d: .*recreated/);
  }, 300_000);
});
