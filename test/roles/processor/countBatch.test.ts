import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_FIGURE } from '../../../src/domain/counting/slots.js';
import type { OutgoingTopic } from '../../../src/domain/counting/changes.js';
import { schemaType } from '../../../src/kafka/schemas.js';
import { expireParked } from '../../../src/postgres/retention/expired.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { at, DAY, HOUR, LogBook, MINUTE } from '../../simulation/logs.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Process, reported } from './feeder.js';

const TEN = at('2026-05-20T10:00:00Z');

describe('the counting transaction', () => {
  let database: FreshDatabase;
  let one: Process;
  beforeAll(async () => {
    database = await countingDatabase();
    one = new Process(database.url);
  });
  beforeEach(async () => {
    await empty(one.pool);
    one.forget(false);
  });
  afterAll(async () => {
    await one.close();
    await database.drop();
  });

  /** One batch a list, offsets counted up per topic. */
  async function feed(...batches: Pick<LogBook, 'entries'>[]): Promise<void> {
    const offsets = new Map<string, number>();
    for (const { entries } of batches) {
      const placed = entries.map((entry): LogEntry => {
        const offset = offsets.get(entry.topic) ?? 0;
        offsets.set(entry.topic, offset + 1);
        return { ...entry, offset };
      });
      await one.count(placed);
    }
  }
  const count = async (table: string): Promise<number> =>
    (await one.pool.query<{ n: number }>(`select count(*) as n from ${table}`)).rows[0]?.n ?? -1;

  it('keeps what a plan change recorded when a late event of the same batch reaches further back', async () => {
    const book = new LogBook().account(TEN - DAY, { plan: 'ltd' }).chats(1_700, TEN, { ws: 'w1' });
    const first = [...book.entries];
    book
      .account(TEN + MINUTE, { revision: 2, plan: 'pro' })
      .chats(1, TEN - 30 * DAY, { arrivedAt: TEN + MINUTE })
      .chats(300, TEN, { ws: 'w2', arrivedAt: TEN + MINUTE });
    await feed({ entries: first }, { entries: book.entries.slice(first.length) });
    const { crossings } = await reported(one.pool);
    expect(crossings.map(({ workspaceId, level }) => [workspaceId, level])).toEqual([
      ['w1', 80],
      [null, 80],
      [null, 100],
    ]);
  });

  it('counts an hour that ended before a plan change by its own plan, though both come in one batch', async () => {
    const log = new LogBook()
      .account(TEN - DAY, { plan: 'ltd' })
      .account(TEN + 2 * HOUR, { revision: 2, plan: 'sandbox' })
      .chats(1_700, TEN);
    await feed(log);
    const { windows } = await reported(one.pool);
    expect(windows.map(({ rule, workspaceId, plan }) => [rule, workspaceId, plan]).sort()).toEqual([
      ['chats-per-hour', 'w1', 'ltd'],
      ['chats-per-month', null, 'sandbox'],
    ]);
  });

  it('opens rows of two months after a plan change that had loaded one of them', async () => {
    const book = new LogBook().account(TEN - DAY, { plan: 'sandbox' });
    const first = [...book.entries];
    book
      .account(TEN, { revision: 2, plan: 'pro' })
      .sessions(1, TEN + MINUTE)
      .sessions(1, TEN - 30 * DAY, { arrivedAt: TEN + MINUTE });
    await feed({ entries: first }, { entries: book.entries.slice(first.length) });
    const { windows } = await reported(one.pool);
    expect(windows.map(({ used }) => used)).toEqual([1, 1]);
  });

  it('leaves no trace of a snapshot that is repeated', async () => {
    const same = () => new LogBook().account(TEN, { contacts: [], company: 'Example' });
    await feed(same(), same());
    one.forget(false);
    await one.count([{ ...(same().entries[0] as LogEntry), offset: 2 }]);
    expect(await count('account_snapshots')).toBe(1);
  });

  it('begins a partition wherever its log begins, and refuses to count it twice', async () => {
    const chats = new LogBook().account(TEN).chats(2, TEN).entries;
    const [account, ...events] = chats.map((entry, n) => ({ ...entry, offset: 1_000 + n }));
    await one.count([account as LogEntry]);
    await one.count(events);
    await expect(one.count(events)).rejects.toThrow('counted on');
    const { rows } = await one.pool.query('select topic, next_offset from reporting.progress order by topic');
    expect(rows).toEqual([
      { topic: 'platform.accounts.v1', next_offset: 1_001 },
      { topic: 'platform.chats.v1', next_offset: 1_003 },
    ]);
  });

  it('counts parked events when the snapshot comes within 35 days, and leaves older ones to the dead letters', async () => {
    const snapshotAt = TEN + 35 * DAY;
    await feed(
      new LogBook().chats(1, TEN - 1),
      new LogBook().chats(2, TEN),
      new LogBook().account(snapshotAt),
    );
    expect((await reported(one.pool)).windows.map(({ used }) => used)).toEqual([2]);
    expect(await count('parked_events')).toBe(1);
    expect(await expireParked(one.pool, snapshotAt - 35 * DAY)).toBe(1);
    const { rows } = await one.pool.query('select reason, "offset" from reporting.dead_letters');
    expect(rows).toEqual([{ reason: 'TOO_LATE', offset: 0 }]);
    expect(await count('parked_events')).toBe(0);
  });

  it('survives uploads of absurd sizes', async () => {
    const huge = MAX_FIGURE;
    await feed(
      new LogBook()
        .account(TEN)
        .upload(huge, TEN, 'u1')
        .upload(huge, TEN + 1, 'u2'),
    );
    one.forget(false);
    const again = new LogBook().upload(huge, TEN + 2, 'u3').entries.map((e) => ({ ...e, offset: 2 }));
    await one.count(again);
    expect((await reported(one.pool)).windows.map(({ used }) => used)).toEqual([huge]);
    const { rows } = await one.pool.query<{ topic: OutgoingTopic; record: unknown }>(
      'select topic, record from outbox',
    );
    // Warning, violation, the overage and its six steps, beside a violation for each file.
    expect(rows.filter(({ topic }) => topic === 'fair-use.overages.v1')).toHaveLength(7);
    for (const { topic, record } of rows) expect(() => schemaType(topic).toBuffer(record)).not.toThrow();
  });

  it('writes one outbox row for every published notice, violation and overage, in that order', async () => {
    await feed(new LogBook().account(TEN).upload(1_001, TEN, 'u1'));
    const { rows } = await one.pool.query<{ topic: string }>('select topic from outbox order by id');
    expect(rows.map(({ topic }) => topic)).toEqual([
      'fair-use.notifications.v1',
      'fair-use.violations.v1',
      'fair-use.overages.v1',
    ]);
  });
});
