import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { OffsetMoved } from '../../../src/postgres/counting/offsets.js';
import { expireParked } from '../../../src/postgres/retention/expired.js';
import { grant } from '../../../src/roles/allowances.js';
import { closeOverages } from '../../../src/roles/scheduler/closeOverages.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { eventId } from '../../../src/support/eventId.js';
import { at, DAY, HOUR, LogBook, MINUTE } from '../../simulation/logs.js';
import { policyWith, smallPolicy } from '../../support/engineLog.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Process } from './feeder.js';
import { meanwhile } from './meanwhile.js';

const TEN = at('2026-05-20T10:00:00Z');
const MONTH_END = at('2026-06-01T00:00:00Z');

/** The races that the design names, each forced in both orders: one transaction waits for the other right before its commit. */
describe('between its last row and its commit, a transaction meets', () => {
  let database: FreshDatabase;
  let one: Process;
  let two: Process;
  beforeAll(async () => {
    database = await countingDatabase();
    [one, two] = [new Process(database.url), new Process(database.url)];
  });
  beforeEach(async () => {
    await empty(one.pool);
    offsets.clear();
    for (const process of [one, two]) {
      process.forget(false);
      process.judgeBy(smallPolicy());
    }
  });
  afterAll(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  const offsets = new Map<string, number>();
  /** The entries of a book as the next ones of a partition. */
  function placed(book: LogBook, partition = 0): LogEntry[] {
    return book.entries.splice(0).map((entry): LogEntry => {
      const key = `${entry.topic}/${partition}`;
      const offset = offsets.get(key) ?? 0;
      offsets.set(key, offset + 1);
      return { ...entry, partition, offset };
    });
  }
  const rows = async (sql: string): Promise<unknown[][]> =>
    (await one.pool.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row));
  const figures = () =>
    rows('select used, limit_value, plan from reporting.usage_windows order by window_start, limit_value');
  const crossings = () =>
    rows(
      'select level, limit_value, used from reporting.crossings order by window_start, level, limit_value',
    );

  type Work = () => Promise<unknown>;
  /** Runs the two into one another; nothing of them may fail. */
  async function inOrder(order: Order, count: Work, other: Work): Promise<void> {
    const [first, second] = order === 'first' ? [count, other] : [other, count];
    const ends = await meanwhile(database.url, first, second);
    expect(ends.map((end) => (end.status === 'rejected' ? String(end.reason) : null))).toEqual([null, null]);
  }
  type Order = 'first' | 'second';
  const ORDERS: Order[] = ['first', 'second'];

  /** An account in the memory of both processes, 90 sessions into its month. */
  async function warm(plan: string): Promise<LogBook> {
    const book = new LogBook();
    await one.count(placed(book.account(TEN - DAY, { plan }).sessions(89, TEN)));
    await two.count(placed(book.sessions(1, TEN), 1));
    await one.count(placed(book.chats(1, TEN)));
    return book;
  }

  it.each(ORDERS)('a change of plan taken in by another process (counting comes %s)', async (order) => {
    const book = await warm('sandbox');
    const usage = placed(book.sessions(15, TEN + HOUR));
    const upgrade = placed(book.account(TEN + HOUR, { plan: 'pro', revision: 2 }));
    await inOrder(
      order,
      () => one.count(usage),
      () => two.count(upgrade),
    );
    expect((await figures()).filter(([, limit]) => limit === 10_000)).toEqual([[105, 10_000, 'pro']]);
    expect(await crossings()).toEqual(order === 'first' ? [[100, 100, 100]] : []);
    expect(await rows('select kind, status from reporting.notifications')).toEqual(
      order === 'first' ? [['UPGRADE_INVITATION', 'CANCELLED']] : [],
    );
    await one.count(placed(book.sessions(1, TEN + 2 * HOUR)));
    expect((await figures()).filter(([, limit]) => limit === 10_000)).toEqual([[106, 10_000, 'pro']]);
  });

  it.each(ORDERS)('an allowance being granted (counting comes %s)', async (order) => {
    const book = await warm('sandbox');
    const usage = placed(book.sessions(15, TEN + HOUR));
    const context = { policy: smallPolicy(), now: TEN + HOUR, id: eventId };
    const request = {
      rule: 'sessions-per-month',
      extra: 50,
      from: TEN,
      to: TEN + DAY,
      reason: 'campaign',
    } as const;
    await inOrder(
      order,
      () => one.count(usage),
      () => grant(two.pool, 'a1', request, context),
    );
    expect(await figures()).toContainEqual([105, 150, 'sandbox']);
    expect(await crossings()).toEqual(order === 'first' ? [[100, 100, 100]] : []);
    await one.count(placed(book.sessions(45, TEN + 2 * HOUR)));
    expect((await crossings()).filter(([, limit]) => limit === 150)).toEqual([[100, 150, 150]]);
  });

  it.each(ORDERS)(
    'the sweep of a policy version that comes into force (counting comes %s)',
    async (order) => {
      const date = TEN + 2 * HOUR;
      const policy: Policy = policyWith({
        from: new Date(date).toISOString(),
        changes: [['limit: 10000', 'limit: 100']],
      });
      for (const process of [one, two]) process.judgeBy(policy);
      const book = await warm('pro');
      const usage = placed(book.sessions(15, TEN + HOUR));
      await inOrder(
        order,
        () => one.count(usage),
        () => two.followPolicy(date),
      );
      expect(await figures()).toContainEqual([105, 100, 'pro']);
      expect((await crossings()).map(([level, limit]) => [level, limit])).toEqual([
        [80, 100],
        [100, 100],
      ]);
    },
  );

  it.each(ORDERS)('a month being closed whose usage is counted late (counting comes %s)', async (order) => {
    const book = await warm('sandbox');
    await one.count(placed(book.sessions(13, TEN)));
    const late = placed(book.sessions(30, TEN, { arrivedAt: MONTH_END + 1 }));
    const context = { policy: smallPolicy(), now: MONTH_END + 1, id: eventId };
    const read = new Map([['sessions', MONTH_END + 1]] as const);
    await inOrder(
      order,
      () => one.count(late),
      () => closeOverages(two.pool, read, context),
    );
    expect(await figures()).toContainEqual([133, 100, 'sandbox']);
    const told = await rows(
      "select record->>'kind' as kind, record->>'used' as used from outbox where topic like '%overages%' order by id",
    );
    expect(told).toEqual(
      order === 'first'
        ? [
            ['STARTED', '101'],
            ['GREW', '125'],
            ['CLOSED', '133'],
          ]
        : [
            ['STARTED', '101'],
            ['CLOSED', '103'],
          ],
    );
  });

  const hours = [
    ['the next hour of an episode', 1, [['true'], ['false']], [['PENDING', null]]],
    [
      'an hour that a cooldown holds for',
      4,
      [['false'], ['false']],
      [
        ['PENDING', null],
        ['SUPPRESSED', 'cooldown'],
      ],
    ],
  ] as const;
  it.each(hours.flatMap((hour) => ORDERS.map((order) => [...hour, order] as const)))(
    '%s, reached in another partition',
    async (_, later, continues, told, order) => {
      const book = new LogBook().account(TEN - DAY, { plan: 'pro' });
      const next = TEN + later * HOUR + 50 * MINUTE;
      const now = next + MINUTE;
      await one.count(placed(book.chats(1_590, TEN + MINUTE, { arrivedAt: now })));
      await two.count(placed(book.chats(1_590, next, { arrivedAt: now }), 1));
      await one.count(placed(book.chats(1, TEN + MINUTE, { arrivedAt: now })));
      const hourTen = placed(book.chats(15, TEN + MINUTE, { arrivedAt: now }));
      const hourNext = placed(book.chats(15, next, { arrivedAt: now }), 1);
      await inOrder(
        order,
        () => one.count(hourTen),
        () => two.count(hourNext),
      );
      const episodes = await rows('select continues_episode::text from reporting.crossings');
      expect(episodes.toSorted()).toEqual([...continues].toSorted());
      expect(await rows('select status, reason from reporting.notifications order by status')).toEqual(told);
    },
  );

  it.each(ORDERS)(
    'the snapshot of an account whose events are being parked (parking comes %s)',
    async (order) => {
      const book = new LogBook();
      await one.count(placed(book.chats(1, TEN)));
      const unknown = placed(book.chats(3, TEN));
      const snapshot = placed(book.account(TEN + 1));
      await inOrder(
        order,
        () => one.count(unknown),
        () => two.count(snapshot),
      );
      expect((await figures()).map(([used]) => used)).toEqual([4]);
      expect(await rows('select from parked_events')).toEqual([]);
    },
  );

  it.each(ORDERS)(
    'the snapshot of an account whose parked events expire (the snapshot comes %s)',
    async (order) => {
      const book = new LogBook();
      await one.count(placed(book.chats(3, TEN)));
      const snapshot = placed(book.account(TEN + 35 * DAY));
      await inOrder(
        order,
        () => one.count(snapshot),
        () => expireParked(two.pool, TEN + 1),
      );
      const letters = await rows('select reason from reporting.dead_letters');
      expect(letters).toHaveLength(order === 'first' ? 0 : 3);
      expect((await figures()).map(([used]) => used)).toEqual(order === 'first' ? [3] : []);
      expect(await rows('select from parked_events')).toEqual([]);
    },
  );

  it('somebody who counts the same records', async () => {
    const book = await warm('pro');
    const usage = placed(book.sessions(15, TEN + HOUR));
    const ends = await meanwhile(
      database.url,
      () => one.count(usage),
      () => two.count(usage),
    );
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((ends[1] as PromiseRejectedResult).reason).toBeInstanceOf(OffsetMoved);
    expect(await figures()).toContainEqual([105, 10_000, 'pro']);
  });

  it('somebody who counts the same accounts, named the other way round', async () => {
    const ids = ['a1', 'a2', 'a3'];
    const of = (order: readonly string[], partition: number): LogEntry[] => {
      const book = new LogBook();
      for (const accountId of order) {
        const [entry] = new LogBook().sessions(1, TEN).entries;
        if (entry === undefined || !('value' in entry)) throw new Error('no session');
        const id = `${accountId}-${partition}`;
        const value = { ...entry.value, accountId, eventId: id, sessionId: id };
        book.entries.push({ ...entry, value } as LogEntry);
      }
      return placed(book, partition);
    };
    const known = new LogBook();
    for (const accountId of ids) known.account(TEN - DAY, { accountId });
    await one.count(placed(known));
    const [forth, back] = [of(ids, 0), of(ids.toReversed(), 1)];
    const ends = await meanwhile(
      database.url,
      () => one.count(forth),
      () => two.count(back),
    );
    // Not counted again after a deadlock, but without one.
    expect(ends).toMatchObject([{ value: 0 }, { value: 0 }]);
    expect((await figures()).map(([used]) => used)).toEqual([2, 2, 2]);
  });
});
