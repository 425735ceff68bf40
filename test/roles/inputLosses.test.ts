import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { moveOffsets, OffsetMoved } from '../../src/postgres/counting/offsets.js';
import { transaction } from '../../src/postgres/transaction.js';
import { acceptInputLoss, type AcceptRequest } from '../../src/roles/inputLosses.js';
import { inputStatus } from '../../src/roles/inputStatus.js';
import { InputLost } from '../../src/roles/processor/inputLost.js';
import { cli } from '../commands/cli.js';
import { until } from '../support/until.js';
import { Platform } from './processor/platform.js';

const CHATS = 'platform.chats.v1';
const DECISION: AcceptRequest = { topic: CHATS, partition: null, reason: 'the archive has it', by: 'Ada' };

describe('input that vanished before it was counted', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await Platform.start();
  }, 90_000);
  beforeEach(async () => {
    await platform.recreate(CHATS);
    await platform.forget();
    await platform.account('a1');
  }, 60_000);
  afterEach(async () => {
    await platform.stopAll();
    platform.fatal.length = 0;
  }, 60_000);
  afterAll(async () => {
    await platform.stop();
  }, 60_000);

  const accept = (change: Partial<AcceptRequest> = {}) =>
    acceptInputLoss(platform.pool, platform.kafka, { ...DECISION, ...change });
  async function countAndStop(): Promise<void> {
    await platform.processor();
    await platform.counted();
    await platform.stopAll();
  }
  async function fatal(): Promise<string> {
    await until(() => platform.fatal.length > 0);
    const [error] = platform.fatal.splice(0);
    expect(error).toBeInstanceOf(InputLost);
    await platform.stopAll();
    return error?.message ?? '';
  }
  const used = async (): Promise<number | undefined> => (await platform.used())['a1'];
  const next = async (partition: number): Promise<number> => {
    const { rows } = await platform.pool.query<{ next_offset: number }>(
      'select next_offset from input_offsets where topic = $1 and partition = $2',
      [CHATS, partition],
    );
    return rows[0]?.next_offset ?? -1;
  };

  it('is given up by a decision on record; the last line of the processor says how', async () => {
    await platform.chats('a1', 80);
    await countAndStop();
    const began = Date.now();
    const end = await platform.endOf(CHATS, 3);
    expect((await inputStatus(platform.pool, platform.kafka)).partitions.filter(({ loss }) => loss)).toEqual(
      [],
    );
    await expect(accept()).rejects.toThrow('nothing is lost');
    await platform.chats('a1', 80);
    const before = await platform.endOf(CHATS, 3);
    await platform.deleteBefore(CHATS, 3, before - 1);
    await platform.processor();
    const message = await fatal();
    expect(message).toContain(
      `${CHATS} partition 3: offsets ${end} to ${before - 2} were deleted by retention`,
    );
    expect(message).toContain(`input accept-loss --topic ${CHATS} --partition 3 --reason TEXT --by NAME`);

    const status = cli(['input', 'status'], platform.env);
    expect(await status.exit).toBe(1);
    expect(status.stdout).toContain(
      `missing: offsets ${end} to ${before - 2} (at most ${before - 1 - end} records)`,
    );
    expect(status.stdout.match(/LOST/g)).toHaveLength(1);
    await expect(accept({ partition: 2 })).rejects.toThrow('partition 2: nothing is lost');
    await expect(accept({ partition: 99 })).rejects.toThrow('has no partition 99');
    await expect(accept({ topic: 'platform.chat.v1' })).rejects.toThrow('is not an input topic');
    expect(await next(3)).toBe(end);

    const run = cli(
      ['input', 'accept-loss', '--topic', CHATS, '--partition', '3', '--reason', 'a test', '--by', 'Ada'],
      platform.env,
    );
    expect([run.stderr, await run.exit]).toEqual(['', 0]);
    expect(run.stdout).toContain(`counting goes on at offset ${before - 1}. Recorded as loss 1.`);
    await expect(accept()).rejects.toThrow('nothing is lost');
    const { rows } = await platform.pool.query('select * from input_losses');
    expect(rows).toEqual([
      expect.objectContaining({
        topic: CHATS,
        partition: 3,
        kind: 'DELETED',
        lost_from: end,
        lost_to: before - 2,
        resumed_at: before - 1,
        decided_by: 'Ada',
        reason: 'a test',
      }),
    ]);
    const [loss] = rows as { arrived_after: number; arrived_before: number }[];
    expect(loss?.arrived_after).toBeLessThanOrEqual(began);
    expect(loss?.arrived_before).toBeGreaterThanOrEqual(began);
    await countAndStop();
    // Each of the chats that are gone was one of its own, but for copies that lie on other partitions.
    const counted = (await used()) ?? 0;
    expect(counted).toBeLessThan(160);
    expect(counted).toBeGreaterThanOrEqual(160 - (before - 1 - end));
    expect(platform.fatal).toEqual([]);
    const after = cli(['input', 'status'], platform.env);
    expect(await after.exit).toBe(0);
    expect(after.stdout).toContain('by Ada: a test');
  }, 120_000);

  it('is a whole log when a topic was created anew: the new one is counted from its beginning', async () => {
    const garbage = { key: 'a1', value: Buffer.from('no record'), partition: 0 };
    await platform.send(CHATS, [garbage]);
    await platform.chats('stranger', 8);
    await platform.chats('a1', 80);
    await countAndStop();
    expect(await used()).toBe(80);
    await platform.recreate(CHATS);
    // The same places of the new log: a dead letter and parked events again.
    await platform.send(CHATS, [garbage]);
    await platform.chats('stranger', 8);
    await platform.chats('a1', 16);
    await platform.processor();
    expect(await fatal()).toMatch(
      /the log ends at .*recreated or truncated \(7 more: node dist\/main\.js input status\)/,
    );
    const accepted = await accept();
    expect(accepted.map(({ kind, to, resumeAt }) => [kind, to, resumeAt])).toEqual(
      Array<unknown>(8).fill(['replaced', null, 0]),
    );
    await countAndStop();
    expect(platform.fatal).toEqual([]);
    expect(await used()).toBe(96);
    const letters = await platform.pool.query(
      'select generation from dead_letters where partition = 0 and "offset" = 0 order by 1',
    );
    expect(letters.rows).toEqual([{ generation: 0 }, { generation: 1 }]);
    await platform.account('stranger');
    await platform.processor();
    await until(async () => (await platform.used())['stranger'] === 16);
  }, 120_000);

  it('is noticed though the new log is longer than what was counted', async () => {
    await platform.chats('a1', 16);
    await countAndStop();
    await platform.recreate(CHATS);
    await platform.chats('a1', 80);
    await platform.processor();
    expect(await fatal()).toContain('is not the one that was counted');
    const { partitions } = await inputStatus(platform.pool, platform.kafka, [CHATS]);
    expect(partitions.map(({ loss }) => loss?.kind)).toEqual(Array<string>(8).fill('replaced'));
    await accept();
    await countAndStop();
    expect(await used()).toBe(96);
    // Who still holds records of the old log may find the offset where he left it.
    const at = await next(0);
    const step = {
      topic: CHATS,
      partition: 0,
      expected: at,
      next: at + 1,
      readUpTo: 0,
      lastDigest: Buffer.alloc(1),
    };
    const move = (generation: number): Promise<void> =>
      transaction(platform.pool, (tx) => moveOffsets(tx, [{ ...step, generation }]));
    await expect(move(0)).rejects.toThrow(OffsetMoved);
    await move(1);
  }, 120_000);

  it('stops a processor under whom the topic is created anew, before it has counted as far', async () => {
    await platform.chats('a1', 80);
    await platform.processor();
    await platform.counted();
    await platform.recreate(CHATS);
    await platform.chats('a1', 8);
    expect(await fatal()).toMatch(/recreated/);
    expect(await used()).toBe(80);
    await accept();
    await countAndStop();
    expect(await used()).toBe(88);
  }, 120_000);

  it('leaves who counts elsewhere alone: whoever moves the position first wins', async () => {
    await platform.chats('a1', 80);
    await countAndStop();
    await platform.chats('a1', 80);
    for (const partition of [0, 1]) {
      await platform.deleteBefore(CHATS, partition, (await platform.endOf(CHATS, partition)) - 1);
    }
    const decisions = await Promise.allSettled([accept(), accept(), accept()]);
    const won = decisions.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const { rows } = await platform.pool.query<{ partition: number }>(
      'select partition from input_losses order by 1',
    );
    expect(rows).toEqual([{ partition: 0 }, { partition: 1 }]);
    expect(won.length).toBeLessThanOrEqual(2);
    await countAndStop();
    expect(platform.fatal).toEqual([]);
  }, 120_000);
});
