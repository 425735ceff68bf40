import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { at, DAY, HOUR, LogBook, MINUTE } from '../../simulation/logs.js';
import { smallPolicy } from '../../support/engineLog.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Feed, Process, reported } from './feeder.js';

const TEN = at('2026-05-20T10:00:00Z');

let database: FreshDatabase;
let process: Process;
beforeAll(async () => {
  database = await countingDatabase();
  process = new Process(database.url);
});
beforeEach(async () => {
  await empty(process.pool);
  process.judgeBy(smallPolicy());
  process.forget(false);
});
afterAll(async () => {
  await process.close();
  await database.drop();
});

async function figures(rule: string): Promise<string[]> {
  const { windows } = await reported(process.pool);
  return windows
    .filter((window) => window.rule === rule)
    .map(({ workspaceId, start, used, peak }) => {
      const figure = peak === null ? String(used) : `${used} (${peak})`;
      return `${new Date(start).toISOString().slice(0, 16)} ${workspaceId ?? ''} ${figure}`;
    })
    .sort();
}

describe('an hour in which a month begins', () => {
  // In India, at half past six in the evening, UTC.
  const [before, after] = [at('2026-05-31T18:25:00Z'), at('2026-05-31T18:35:00Z')];
  const arrived = (minutes: number) => ({ arrivedAt: after + minutes * MINUTE });
  const account = () => new LogBook().account(TEN, { timeZone: 'Asia/Kolkata' });
  const counted = ['2026-04-30T18:30 w1 1', '2026-05-31T18:30 w1 1'];

  it('belongs to both of an account that is not in memory, in whatever order its events arrive', async () => {
    const [feed, book] = [new Feed(), account()];
    await feed.count(process, book);
    process.forget(false);
    await feed.count(process, book.sessions(1, after, arrived(1)).sessions(1, before, arrived(2)));
    expect(await figures('sessions-per-month')).toEqual(counted);
  });

  it('does so of an account that is in memory, for a workspace that is new to it', async () => {
    const [feed, book] = [new Feed(), account()];
    await feed.count(process, book);
    await feed.count(process, book.sessions(1, TEN));
    process.forget(false);
    await feed.count(process, book.sessions(1, after, arrived(1)));
    book.sessions(1, after, { ...arrived(2), ws: 'w2' }).sessions(1, before, { ...arrived(3), ws: 'w2' });
    await feed.count(process, book);
    const others = ['2026-04-30T18:30 w2 1', '2026-05-31T18:30 w2 1'];
    expect(await figures('sessions-per-month')).toEqual([...counted, ...others].sort());
  });
});

describe('a policy whose file was edited', () => {
  const edited = (): Policy => ({
    versions: smallPolicy().versions.map((version) => ({ ...version, hash: `${version.hash}, edited` })),
  });

  const figuresOfChats = ['2026-05-20T09:00  3 (3)', '2026-05-20T10:00  2 (5)', '2026-05-20T11:00  1 (3)'];

  /** Chats late in one hour and in the middle of the next one, counted by a process that is gone. */
  async function before(feed: Feed): Promise<LogBook> {
    const book = new LogBook().account(TEN - DAY);
    await feed.count(process, book.chats(3, TEN - 5 * MINUTE).chats(2, TEN + 30 * MINUTE));
    process.forget(false);
    process.judgeBy(edited());
    return book;
  }

  it('is judged by as of the first event of a batch, though others came in the next hour', async () => {
    const feed = new Feed();
    const book = await before(feed);
    await feed.count(process, book.sessions(1, TEN + 50 * MINUTE).chats(1, TEN + 65 * MINUTE));
    expect(await figures('chats-per-hour')).toEqual(figuresOfChats);
  });

  it('is so as of the first of two snapshots', async () => {
    const feed = new Feed();
    const book = await before(feed);
    book
      .account(TEN + 50 * MINUTE, { revision: 2, plan: 'unlimited' })
      .account(TEN + 65 * MINUTE, { revision: 3, plan: 'pro' })
      .chats(1, TEN + 66 * MINUTE);
    await feed.count(process, book);
    expect(await figures('chats-per-hour')).toEqual(figuresOfChats);
  });
});

describe('a change of plan that is read hours after usage behind it', () => {
  const notices = async (): Promise<unknown[]> => {
    const { rows } = await process.pool.query<Record<string, unknown>>(
      'select rule, status from notifications',
    );
    return rows;
  };

  // As with a backlog, or an accounts topic that was late.
  describe.each([
    ['in memory as far as usage goes on', () => undefined],
    ['not in memory', () => process.forget(false)],
  ])('of an account that is %s', (_, forget) => {
    it('takes back no warning that stays true', async () => {
      const feed = new Feed();
      const book = new LogBook().account(TEN - DAY);
      await feed.count(process, book.chats(1_600, TEN + HOUR));
      await feed.count(process, book.chats(1, TEN + 5 * HOUR));
      forget();
      await feed.count(process, book.account(TEN, { revision: 2, plan: 'unlimited' }));
      expect(await notices()).toEqual([{ rule: 'chats-per-hour', status: 'PENDING' }]);
    });

    it('takes back one of a window that had not begun, whose limit is another now', async () => {
      const feed = new Feed();
      const book = new LogBook().account(TEN - DAY);
      const june = at('2026-06-01T10:00:00Z');
      await feed.count(process, book.sessions(8_000, june));
      await feed.count(process, book.chats(1, june + 5 * HOUR));
      expect(await notices()).toEqual([{ rule: 'sessions-per-month', status: 'PENDING' }]);
      forget();
      const arrivedAt = at('2026-05-31T10:00:00Z');
      await feed.count(process, book.account(arrivedAt, { revision: 2, plan: 'unlimited' }));
      expect(await notices()).toEqual([{ rule: 'sessions-per-month', status: 'CANCELLED' }]);
    });
  });
});
