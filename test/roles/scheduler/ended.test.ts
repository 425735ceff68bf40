import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Metric } from '../../../src/domain/policy/policy.js';
import { closeOverages } from '../../../src/roles/scheduler/closeOverages.js';
import type { LogEntry } from '../../../src/simulation/truth/types.js';
import { eventId } from '../../../src/support/eventId.js';
import { at, DAY, LogBook } from '../../simulation/logs.js';
import { smallPolicy } from '../../support/engineLog.js';
import type { FreshDatabase } from '../../support/stack.js';
import { countingDatabase, empty, Process } from '../processor/feeder.js';

const BEGIN = at('2026-05-10T12:00:00Z');
const MONTH_END = at('2026-06-01T00:00:00Z');
const YEAR_END = at('2027-01-01T00:00:00Z');

describe('overages of windows that are over', () => {
  let database: FreshDatabase;
  let one: Process;
  let two: Process;
  beforeAll(async () => {
    database = await countingDatabase();
    [one, two] = [new Process(database.url), new Process(database.url)];
  });
  beforeEach(async () => {
    await empty(one.pool);
    for (const process of [one, two]) process.forget(false);
  });
  afterAll(async () => {
    await Promise.all([one.close(), two.close()]);
    await database.drop();
  });

  const offsets = new Map<string, number>();
  async function feed(log: LogBook): Promise<void> {
    const placed = log.entries.splice(0).map((entry): LogEntry => {
      const offset = offsets.get(entry.topic) ?? 0;
      offsets.set(entry.topic, offset + 1);
      return { ...entry, offset };
    });
    await one.count(placed);
  }
  beforeEach(() => {
    offsets.clear();
  });

  const read = (upTo: number): Map<Metric, number> =>
    new Map((['chats', 'sessions', 'tickets', 'upload_bytes'] as const).map((metric) => [metric, upTo]));
  const close = (upTo: number, now: number, process = one) =>
    closeOverages(process.pool, read(upTo), { policy: smallPolicy(), now, id: eventId });
  const published = async () =>
    (
      await one.pool.query<{ record: Record<string, unknown> }>(
        "select record from outbox where record->>'kind' = 'CLOSED' order by id",
      )
    ).rows.map(({ record }) => record);

  it('are closed once, by however many, and only when the window has ended and was read', async () => {
    const contact = {
      name: 'Ada',
      email: 'ada@example.com',
      role: 'OWNER' as const,
      locale: null,
      notify: true,
    };
    const log = new LogBook().account(BEGIN, { plan: 'sandbox', company: 'Example', contacts: [contact] });
    await feed(log.sessions(103, BEGIN + DAY, { ws: 'w1' }).sessions(102, BEGIN + DAY, { ws: 'w2' }));
    expect(await close(MONTH_END - 1, MONTH_END + DAY)).toBe(0);
    expect(await close(MONTH_END + DAY, MONTH_END - 1)).toBe(0);
    const others = new Map(read(MONTH_END + DAY)).set('sessions', MONTH_END - 1);
    const context = { policy: smallPolicy(), now: MONTH_END, id: eventId };
    expect(await closeOverages(one.pool, others, context)).toBe(0);
    const head = async () =>
      (await one.pool.query<{ version: number }>('select version from account_heads')).rows[0]?.version ?? 0;
    const before = await head();
    const closed = await Promise.all([one, two, one, two].map((p) => close(MONTH_END, MONTH_END, p)));
    expect(closed.reduce((sum, n) => sum + n)).toBe(2);
    expect(await head()).toBe(before + 1);
    const records = await published();
    expect(records.map((r) => [r['workspaceId'], r['used']])).toEqual([
      ['w1', 103],
      ['w2', 102],
    ]);
    expect(records[0]).toMatchObject({
      stepPercent: 100,
      accountName: 'Example',
      contactEmail: 'ada@example.com',
      projectedUsed: 103,
      warnedAt: null,
      accountId: 'a1',
      plan: 'sandbox',
      rule: 'sessions-per-month',
      metric: 'sessions',
      windowKind: 'month',
      windowEnd: MONTH_END,
      limit: 100,
      level: null,
      causeEventId: null,
      occurredAt: MONTH_END,
      detectedAt: MONTH_END,
    });
    const rows = await one.pool.query(
      "select kind, count(*) as n, count(closed_at) as marked from overages where kind <> 'GREW' group by 1 order by 1",
    );
    expect(rows.rows).toEqual([
      { kind: 'CLOSED', n: 2, marked: 0 },
      { kind: 'STARTED', n: 2, marked: 2 },
    ]);
    // What comes late shows in the views alone.
    const late = { ws: 'w1', arrivedAt: MONTH_END + DAY };
    await feed(log.sessions(3, BEGIN + DAY, late));
    expect(await close(MONTH_END + 2 * DAY, MONTH_END + 2 * DAY)).toBe(0);
    expect(await published()).toHaveLength(2);
    const figure = await one.pool.query("select used from windows where workspace_id = 'w1'");
    expect(figure.rows).toContainEqual({ used: 106 });
  });

  it('of a year are closed at its end, and say when the customer was first mailed', async () => {
    const log = new LogBook().account(BEGIN).upload(100_000_000, BEGIN + DAY, 'u1');
    await feed(log);
    const { rowCount } = await one.pool.query(
      `update notifications set status = 'SENT', attempted_at = $1, settled_at = $1
       where kind = 'THRESHOLD_WARNING' and rule = 'upload-bytes-per-year'`,
      [new Date(BEGIN + 2 * DAY)],
    );
    expect(rowCount).toBe(1);
    expect(await close(YEAR_END - 1, YEAR_END - 1)).toBe(0);
    expect(await close(YEAR_END, YEAR_END)).toBe(1);
    expect(await published()).toMatchObject([
      {
        windowKind: 'year',
        windowEnd: YEAR_END,
        used: 100_000_000,
        occurredAt: YEAR_END,
        warnedAt: BEGIN + 2 * DAY,
      },
    ]);
    expect(await close(YEAR_END + DAY, YEAR_END + DAY)).toBe(0);
  });
});
