import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Metric } from '../../src/domain/policy/policy.js';
import { followPolicyEverywhere } from '../../src/roles/followPolicy.js';
import { eventId } from '../../src/support/eventId.js';
import { at, DAY, HOUR, LogBook } from '../simulation/logs.js';
import { policyWith, smallPolicy } from '../support/engineLog.js';
import type { FreshDatabase } from '../support/stack.js';
import { countingDatabase, empty, Feed, Process } from './processor/feeder.js';

const BEGIN = at('2026-05-10T12:00:00Z');
const DATE = at('2026-05-20T00:00:00Z');
const LATER = at('2026-05-25T00:00:00Z');
const PRO = 'limit: 10000\n        per: workspace';
const of = (limit: number): [string, string] => [PRO, `limit: ${limit}\n        per: workspace`];

const LOWER = policyWith({ from: '2026-05-20T00:00:00Z', changes: [of(100)] });
const RAISED = policyWith({ from: '2026-05-20T00:00:00Z', changes: [of(20_000)] });

let database: FreshDatabase;
let opened: Process[] = [];
let log: Feed;
beforeAll(async () => {
  database = await countingDatabase();
});
beforeEach(async () => {
  opened = [];
  await empty(engine().pool);
  log = new Feed();
});
afterEach(() => Promise.all(opened.map((process) => process.close())));
afterAll(() => database.drop());

function engine(policy = LOWER): Process {
  const process = new Process(database.url, policy);
  opened.push(process);
  return process;
}

const feed = (process: Process, book: LogBook): Promise<void> => log.count(process, book);

const sweep = (process: Process, policy: typeof LOWER, upTo: number, now = upTo): Promise<number> => {
  const metrics = ['chats', 'sessions', 'tickets', 'upload_bytes'] as const;
  const read = new Map<Metric, number>(metrics.map((metric) => [metric, upTo]));
  return followPolicyEverywhere(
    process.pool,
    read,
    { policy, now, id: eventId },
    new AbortController().signal,
  );
};

async function rows(process: Process, query: string): Promise<unknown[]> {
  return (await process.pool.query<Record<string, unknown>>(query)).rows.map((row) => Object.values(row));
}

const windows = (process: Process) =>
  rows(process, `select used, limit_value, policy_version from windows where rule = 'sessions-per-month'`);
const crossings = (process: Process) =>
  rows(
    process,
    'select level, limit_value, used, crossed_at, cause_event_id from reporting.crossings order by limit_value, level',
  );
const notices = (process: Process) =>
  rows(
    process,
    `select level, status, record->>'policyVersion' from notifications order by created_at, level`,
  );

describe('a policy version that comes into force', () => {
  it('judges open windows anew before the first event that arrives under it', async () => {
    const process = engine();
    const book = new LogBook().account(BEGIN, { plan: 'pro' });
    await feed(process, book.sessions(90, BEGIN + DAY).sessions(20, DATE - 1));
    expect(await crossings(process)).toEqual([]);
    await feed(process, book.sessions(1, DATE - 1).sessions(1, DATE));
    expect(await windows(process)).toEqual([[112, 100, 'later-1']]);
    expect(await crossings(process)).toEqual([
      [80, 100, 111, DATE, null],
      [100, 100, 111, DATE, null],
    ]);
    expect(await notices(process)).toEqual([[100, 'PENDING', 'later-1']]);
    expect(await rows(process, 'select kind, step_percent, used from reporting.overages')).toEqual([
      ['STARTED', 100, 111],
    ]);
  });

  it('is swept to accounts without events, once, when the input was read past its date', async () => {
    const process = engine();
    await feed(process, new LogBook().account(BEGIN, { plan: 'pro' }).sessions(85, BEGIN + DAY));
    expect(await sweep(process, LOWER, DATE - 1, DATE + HOUR)).toBe(0);
    expect(await crossings(process)).toEqual([]);
    const both = await Promise.all([sweep(process, LOWER, DATE), sweep(engine(), LOWER, DATE)]);
    expect(both.toSorted()).toEqual([0, 1]);
    expect(await crossings(process)).toEqual([[80, 100, 85, DATE, null]]);
    expect(await sweep(process, LOWER, DATE + DAY)).toBe(0);
    expect(await notices(process)).toEqual([[80, 'PENDING', 'later-1']]);
  });

  it('takes back what is not sent yet and no longer true, also from a process with a warm cache', async () => {
    const process = engine(RAISED);
    const book = new LogBook().account(BEGIN, { plan: 'pro' });
    await feed(process, book.sessions(8_000, BEGIN + DAY));
    expect(await notices(process)).toEqual([[80, 'PENDING', '2021-10-19']]);
    expect(await sweep(engine(RAISED), RAISED, DATE)).toBe(1);
    expect(await notices(process)).toEqual([[80, 'CANCELLED', '2021-10-19']]);
    await feed(process, book.sessions(1, DATE + 1));
    expect(await windows(process)).toEqual([[8_001, 20_000, 'later-1']]);
  });

  it('stays in force for what arrives out of order, and leaves ended windows under the old one', async () => {
    const process = engine();
    const book = new LogBook().account(BEGIN, { plan: 'pro' });
    await feed(process, book.sessions(79, BEGIN + DAY).chats(1, BEGIN + DAY));
    await feed(process, book.sessions(1, DATE + 1));
    await feed(process, book.sessions(1, DATE - 5).chats(1, BEGIN + DAY, { arrivedAt: DATE + 2 }));
    expect(await windows(process)).toEqual([[81, 100, 'later-1']]);
    expect(
      await rows(process, `select used, policy_version from windows where rule = 'chats-per-hour'`),
    ).toEqual([[2, '2021-10-19']]);
  });

  it('is judged after those before it, each as of its date', async () => {
    const policy = policyWith(
      { from: '2026-05-20T00:00:00Z', changes: [of(100)] },
      { from: '2026-05-25T00:00:00Z', changes: [of(50)] },
    );
    const process = engine(policy);
    await feed(process, new LogBook().account(BEGIN, { plan: 'pro' }).sessions(85, BEGIN + DAY));
    expect(await sweep(process, policy, LATER + DAY)).toBe(1);
    expect(await crossings(process)).toEqual([
      [80, 50, 85, LATER, null],
      [100, 50, 85, LATER, null],
      [80, 100, 85, DATE, null],
    ]);
    expect(await notices(process)).toEqual([
      [80, 'CANCELLED', 'later-1'],
      [100, 'PENDING', 'later-2'],
    ]);
  });

  it('judges the conditions anew', async () => {
    const policy = policyWith({
      from: '2026-05-20T00:00:00Z',
      changes: [
        ['  pro:\n    name: Pro\n', '  pro:\n    name: Pro\n    conditions:\n      one-workspace: One.\n'],
      ],
    });
    const process = engine(policy);
    const workspaces = ['w1', 'w2'].map((workspaceId) => ({ workspaceId, name: workspaceId, websites: [] }));
    await feed(process, new LogBook().account(BEGIN, { plan: 'pro', workspaces }));
    await sweep(process, policy, DATE + HOUR);
    const query = `select rule, occurred_at, closed_at, details->>'clause' from reporting.violations`;
    expect(await rows(process, query)).toEqual([['one-workspace', DATE, null, 'One.']]);
  });

  it('that was edited in place judges everything anew, as of now', async () => {
    const before = engine(smallPolicy());
    await feed(before, new LogBook().account(BEGIN, { plan: 'pro' }).sessions(85, BEGIN + DAY));
    const edited = policyWith({ from: '2021-10-20T00:00:00Z', changes: [of(100)] });
    const [, only] = edited.versions;
    const policy = { versions: only === undefined ? [] : [only] };
    expect(await sweep(before, policy, DATE)).toBe(1);
    expect(await crossings(before)).toEqual([[80, 100, 85, DATE, null]]);
    expect(await sweep(before, policy, DATE + HOUR)).toBe(0);
  });

  it('does nothing before anything was read', async () => {
    const process = engine();
    await feed(process, new LogBook().account(BEGIN, { plan: 'pro' }));
    expect(await sweep(process, LOWER, -Infinity, DATE)).toBe(0);
  });
});
