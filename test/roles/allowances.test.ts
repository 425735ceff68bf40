import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AllowanceRequest } from '../../src/domain/judging/allowances.js';
import type { Context } from '../../src/domain/judging/context.js';
import { allowancesOf, grant, withdraw } from '../../src/roles/allowances.js';
import { eventId } from '../../src/support/eventId.js';
import { at, DAY, HOUR, LogBook, MINUTE } from '../simulation/logs.js';
import { smallPolicy } from '../support/engineLog.js';
import type { FreshDatabase } from '../support/stack.js';
import { countingDatabase, empty, Feed, Process } from './processor/feeder.js';

const TEN = at('2026-05-20T10:00:00Z');
const MAY = at('2026-05-01T00:00:00Z');
const JUNE = at('2026-06-01T00:00:00Z');
const POLICY = smallPolicy();

let database: FreshDatabase;
let engine: Process;
let log: Feed;
beforeAll(async () => {
  database = await countingDatabase();
  engine = new Process(database.url);
});
beforeEach(async () => {
  await empty(engine.pool);
  engine.forget(false);
  log = new Feed();
});
afterAll(async () => {
  await engine.close();
  await database.drop();
});

const context = (now: number): Context => ({ policy: POLICY, now, id: eventId });

const feed = (book: LogBook): Promise<void> => log.count(engine, book);

function agreed(change: Partial<AllowanceRequest> = {}): AllowanceRequest {
  return { rule: 'tickets-per-month', extra: 1_000, from: TEN, to: TEN + DAY, reason: 'campaign', ...change };
}

async function granted(request: AllowanceRequest, now: number): Promise<string> {
  const outcome = await grant(engine.pool, 'a1', request, context(now));
  if (outcome.kind !== 'granted') throw new Error(`not granted: ${outcome.kind}`);
  return outcome.allowance.id;
}

async function rows(query: string): Promise<unknown[]> {
  return (await engine.pool.query<Record<string, unknown>>(query)).rows.map((row) => Object.values(row));
}

const limits = (rule: string) =>
  rows(`select used, limit_value from reporting.usage_windows where rule = '${rule}' order by window_start`);
const crossings = () =>
  rows(
    'select level, limit_value, used, cause_event_id from reporting.crossings order by limit_value, level',
  );
const notices = () => rows('select level, status from reporting.notifications order by created_at, level');

describe('an allowance', () => {
  it('raises the limit of the open window at once, takes back the warning not sent yet, and re-arms', async () => {
    const book = new LogBook().account(TEN, { plan: 'ltd' });
    await feed(book.tickets(8_000, TEN));
    expect(await notices()).toEqual([[80, 'PENDING']]);

    await granted(agreed({ extra: 2_000 }), TEN + HOUR);
    expect(await limits('tickets-per-month')).toEqual([[8_000, 12_000]]);
    expect(await notices()).toEqual([[80, 'CANCELLED']]);

    await feed(book.tickets(1_599, TEN + 2 * HOUR));
    expect(await crossings()).toEqual([[80, 10_000, 8_000, expect.any(String)]]);
    await feed(book.tickets(1, TEN + 3 * HOUR));
    expect(await crossings()).toEqual([
      [80, 10_000, 8_000, expect.any(String)],
      [80, 12_000, 9_600, expect.any(String)],
    ]);
    expect(await notices()).toEqual([
      [80, 'CANCELLED'],
      [80, 'PENDING'],
    ]);
  });

  it('adds up with others; withdrawn, what it held back fires, with the withdrawal as its time', async () => {
    const book = new LogBook().account(TEN, { plan: 'ltd' });
    await feed(book.tickets(1, TEN));
    const first = await granted(agreed(), TEN + 1);
    await granted(agreed({ extra: 500 }), TEN + 2);
    await feed(book.tickets(9_000, TEN + HOUR));
    expect(await limits('tickets-per-month')).toEqual([[9_001, 11_500]]);
    expect(await crossings()).toEqual([]);

    const outcome = await withdraw(engine.pool, 'a1', first, context(TEN + 2 * HOUR));
    expect(outcome).toEqual({ kind: 'withdrawn' });
    expect(await limits('tickets-per-month')).toEqual([[9_001, 10_500]]);
    expect(await crossings()).toEqual([[80, 10_500, 9_001, null]]);
    expect(await rows('select crossed_at from reporting.crossings')).toEqual([[TEN + 2 * HOUR]]);
    expect(await withdraw(engine.pool, 'a1', first, context(TEN + 3 * HOUR))).toEqual({
      kind: 'before',
      at: TEN + 2 * HOUR,
    });
  });

  it('counts in every window that it overlaps, before its begin and after its end', async () => {
    const book = new LogBook().account(TEN, { plan: 'ltd' });
    await feed(book);
    await granted(agreed({ from: JUNE - DAY, to: JUNE + DAY }), TEN + 1);
    const july = JUNE + 30 * DAY;
    await feed(
      book
        .tickets(1, TEN + HOUR)
        .tickets(1, JUNE + 20 * DAY)
        .tickets(1, july),
    );
    expect(await limits('tickets-per-month')).toEqual([
      [1, 11_000],
      [1, 11_000],
      [1, 10_000],
    ]);
  });

  it('leaves windows that have ended as they were', async () => {
    const book = new LogBook().account(TEN, { plan: 'pro' });
    await feed(book.chats(1_600, TEN));
    const now = TEN + 90 * MINUTE;
    await granted(agreed({ rule: 'chats-per-hour', from: MAY, to: JUNE }), now);
    await feed(book.chats(1, TEN, { arrivedAt: now + 1 }).chats(1, now + 2));
    expect(await limits('chats-per-hour')).toEqual([
      [1_601, 2_000],
      [1, 3_000],
    ]);
  });

  it('raises the size of files uploaded within its time', async () => {
    const book = new LogBook().account(TEN, { plan: 'pro' });
    const mib = 1_024 ** 2;
    await feed(book);
    await granted(agreed({ rule: 'file-size', extra: mib }), TEN + 1);
    await feed(
      book
        .upload(6 * mib, TEN + DAY - 1, 'within')
        .upload(6 * mib + 1, TEN + DAY - 1, 'larger')
        .upload(6 * mib, TEN + DAY, 'after'),
    );
    expect(
      await rows(`select details->>'uploadId' from reporting.violations where rule = 'file-size'`),
    ).toEqual(expect.arrayContaining([['larger'], ['after']]));
    expect(await rows(`select count(*) from reporting.violations where rule = 'file-size'`)).toEqual([[2]]);
  });

  it('is granted once, not for what is past, and says when the plan has no such limit', async () => {
    await feed(new LogBook().account(TEN, { plan: 'pro' }));
    const request = agreed({ rule: 'sessions-per-month' });
    const id = await granted(request, TEN + 1);
    expect(await grant(engine.pool, 'a1', request, context(TEN + 2))).toEqual({ kind: 'stands', id });
    const past = agreed({ rule: 'sessions-per-month', from: MAY - DAY, to: MAY });
    expect(await grant(engine.pool, 'a1', past, context(TEN + 3))).toEqual({ kind: 'past' });
    const early = agreed({ rule: 'sessions-per-month', from: MAY, to: MAY + 1 });
    expect(await grant(engine.pool, 'a1', early, context(TEN + 3))).toMatchObject({ limited: true });
    expect(await grant(engine.pool, 'a1', agreed(), context(TEN + 4))).toMatchObject({ limited: false });
    expect((await allowancesOf(engine.pool, 'a1')).map(({ rule }) => rule)).toEqual([
      'sessions-per-month',
      'sessions-per-month',
      'tickets-per-month',
    ]);
  });
});
