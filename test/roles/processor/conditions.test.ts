import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { schemaType } from '../../../src/kafka/schemas.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { at, DAY, LogBook } from '../../simulation/logs.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Process } from './feeder.js';

const TEN = at('2026-05-20T10:00:00Z');
const LIMIT = 5 * 1024 * 1024;

let database: FreshDatabase;
let one: Process;
let other: Process;
let offsets: Map<string, number>;
beforeAll(async () => {
  database = await countingDatabase();
  one = new Process(database.url);
  other = new Process(database.url);
});
beforeEach(async () => {
  await empty(one.pool);
  one.forget(false);
  other.forget(false);
  offsets = new Map();
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await database.drop();
});

async function feed(book: LogBook, process = one): Promise<void> {
  const placed = book.entries.map((entry): LogEntry => {
    const offset = offsets.get(entry.topic) ?? 0;
    offsets.set(entry.topic, offset + 1);
    return { ...entry, offset };
  });
  await process.count(placed);
}

interface Row {
  violation_id: string;
  rule: string;
  workspace_id: string | null;
  occurred_at: number;
  closed_at: number | null;
  details: Record<string, string>;
}

async function violations(...rules: string[]): Promise<Row[]> {
  const { rows } = await one.pool.query<Row>(
    'select * from reporting.violations where rule = any($1) order by occurred_at, rule',
    [rules],
  );
  return rows;
}

/** The events of the rules, each as its topic's schema takes it. */
async function events(...rules: string[]): Promise<Record<string, unknown>[]> {
  const { rows } = await one.pool.query<{ record: Record<string, unknown> }>(
    `select record from outbox where topic = 'fair-use.violations.v1' and record->>'rule' = any($1) order by id`,
    [rules],
  );
  for (const { record } of rows) schemaType('fair-use.violations.v1').toBuffer(record);
  return rows.map(({ record }) => record);
}

const openings = (rows: readonly Row[]): unknown[] =>
  rows.map(({ rule, occurred_at, closed_at }) => [
    rule,
    (occurred_at - TEN) / DAY,
    closed_at === null ? null : (closed_at - TEN) / DAY,
  ]);

describe('the size of a file', () => {
  it.each(['sandbox', 'pro', 'unlimited', 'ltd', 'mystery'])('is limited in plan %s', async (plan) => {
    await feed(
      new LogBook()
        .account(TEN, { plan })
        .upload(LIMIT - 1, TEN, 'less')
        .upload(LIMIT, TEN + 1, 'just')
        .upload(LIMIT + 1, TEN + 2, 'more'),
    );
    const [row, ...rest] = await violations('file-size');
    expect(rest).toEqual([]);
    expect(row).toMatchObject({ workspace_id: 'w1', occurred_at: TEN + 2, closed_at: null });
    expect(row?.details).toEqual({
      fileName: 'photo.png',
      sizeBytes: String(LIMIT + 1),
      botId: 'b1',
      uploadId: 'more',
      clause: 'All the plans will have a limitation of 5 MB per file sent.',
    });
    expect(await events('file-size')).toEqual([
      expect.objectContaining({
        violationId: row?.violation_id,
        accountId: 'a1',
        workspaceId: 'w1',
        plan,
        policyVersion: '2021-10-19',
        metric: null,
        windowKind: null,
        windowStart: null,
        windowEnd: null,
        used: LIMIT + 1,
        limit: LIMIT,
        level: null,
        causeEventId: 'e3',
        occurredAt: TEN + 2,
      }),
    ]);
    const { rows } = await one.pool.query(
      `select used from reporting.usage_windows where rule = 'upload-bytes-per-year'`,
    );
    expect(rows).toEqual([{ used: 3 * LIMIT }]);
  });

  it('is judged once, however often the upload comes, and once more where it counts once more', async () => {
    await feed(new LogBook().account(TEN).upload(LIMIT + 1, TEN, 'u'));
    await feed(new LogBook().upload(LIMIT + 2, TEN + 1, 'u'));
    one.forget(false);
    await feed(new LogBook().upload(LIMIT + 1, TEN, 'u'));
    expect(await violations('file-size')).toHaveLength(1);
    await feed(new LogBook().upload(LIMIT + 1, TEN + 20 * DAY, 'u'));
    expect(new Set((await events('file-size')).map((e) => e['violationId'])).size).toBe(2);
  });

  it('is judged of uploads that waited for their account, as far as their facts were kept', async () => {
    await feed(
      new LogBook().upload(LIMIT + 1, TEN, 'kept').upload(LIMIT + 1, TEN + 1, 'parked by an older release'),
    );
    await one.pool.query(`update parked_events set usage = usage - 'upload' where "offset" = 1`);
    await feed(new LogBook().account(TEN + DAY));
    expect((await violations('file-size')).map(({ details }) => details['uploadId'])).toEqual(['kept']);
    const { rows } = await one.pool.query(
      `select used from reporting.usage_windows where rule = 'upload-bytes-per-year'`,
    );
    expect(rows).toEqual([{ used: 2 * (LIMIT + 1) }]);
  });
});

describe('conditions', () => {
  const RULES = ['one-workspace', 'own-websites', 'not-transferable', 'eligible-customer'];
  const workspace = (workspaceId: string, company: string | null = null) => ({
    workspaceId,
    name: workspaceId,
    websites: [{ domain: `${workspaceId}.example`, company }],
  });

  it('begin with a snapshot, end with one, and begin again, whoever counts and whatever it remembers', async () => {
    const sound = { plan: 'ltd', company: 'Mine', ownerId: 'o1', workspaces: [workspace('w1')] };
    const broken = {
      ...sound,
      customerType: 'AGENCY' as const,
      ownerId: 'o2',
      workspaces: [workspace('w1'), workspace('w2', 'Theirs')],
    };
    const say = (day: number, change: object) =>
      new LogBook().account(TEN + day * DAY, { revision: day, ...change });
    await feed(say(0, sound));
    await feed(say(1, broken), other);
    await feed(say(2, { ...broken, locale: 'de' }));
    await feed(say(3, sound), other);
    one.forget(true);
    await feed(say(4, broken));
    await feed(say(5, { ...broken, plan: 'pro' }), other);
    expect(openings(await violations(...RULES))).toEqual([
      ...RULES.toSorted().map((rule) => [rule, 1, 3]),
      ...RULES.toSorted().map((rule) => [rule, 4, 5]),
    ]);
    const told = await events(...RULES);
    expect(new Set(told.map((e) => e['violationId'])).size).toBe(8);
    expect(told.find((e) => e['rule'] === 'own-websites')).toMatchObject({
      workspaceId: 'w2',
      details: { domain: 'w2.example', company: 'Theirs', accountCompany: 'Mine' },
    });
    const { rows } = await one.pool.query('select condition_owner from accounts');
    expect(rows).toEqual([{ condition_owner: null }]);
  });

  it('may begin and end within one batch', async () => {
    const book = new LogBook()
      .account(TEN, { plan: 'ltd', ownerId: 'o1' })
      .account(TEN + DAY, { revision: 2, plan: 'ltd', ownerId: 'o2' })
      .account(TEN + 2 * DAY, { revision: 3, plan: 'ltd', ownerId: 'o1' })
      .account(TEN + 3 * DAY, { revision: 4, plan: 'ltd', ownerId: 'o2' });
    await feed(book);
    expect(openings(await violations(...RULES))).toEqual([
      ['not-transferable', 1, 2],
      ['not-transferable', 3, null],
    ]);
  });

  it('are not judged again by a snapshot that is repeated or older, and stay as they are when the account closes', async () => {
    const broken = { plan: 'pro', isDeal: true, customerType: 'RESELLER' as const };
    await feed(new LogBook().account(TEN, { revision: 5, ...broken }));
    await feed(new LogBook().account(TEN, { revision: 5, ...broken }));
    await feed(new LogBook().account(TEN + DAY, { revision: 4, plan: 'pro' }));
    await feed(new LogBook().tombstone('a1', TEN + 2 * DAY));
    await feed(new LogBook().account(TEN + 3 * DAY, { revision: 1, ...broken, status: 'SUSPENDED' }));
    expect(openings(await violations(...RULES))).toEqual([['eligible-customer', 0, null]]);
    await feed(new LogBook().account(TEN + 4 * DAY, { revision: 6, plan: 'pro', customerType: 'RESELLER' }));
    expect(openings(await violations(...RULES))).toEqual([['eligible-customer', 0, 4]]);
  });
});
