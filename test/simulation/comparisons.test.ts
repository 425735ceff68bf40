import { describe, expect, it } from '@jest/globals';
import { recount } from '../../src/simulation/truth/recount.js';
import type { Truth } from '../../src/simulation/truth/types.js';
import { overdue } from '../../src/simulation/verify/closings.js';
import { compareContents, type Topic } from '../../src/simulation/verify/compareContents.js';
import { compareNotices, Notices } from '../../src/simulation/verify/compareNotices.js';
import { compareUsage } from '../../src/simulation/verify/compareUsage.js';
import type { Fields, Published } from '../../src/simulation/verify/topicEvents.js';
import type { Views } from '../../src/simulation/verify/views.js';
import { at, DAY, LogBook, OPTIONS } from './logs.js';

const TEN = at('2026-05-20T10:00:00Z');
const workspace = (workspaceId: string) => ({ workspaceId, name: '', websites: [] });

/** An account that does a bit of everything: Sandbox at its limits, then LTD with two workspaces for a day. */
const log = new LogBook()
  .account(TEN - DAY, { plan: 'sandbox' })
  .chats(100, TEN)
  .sessions(130, TEN)
  .upload(6 * 1024 ** 2, TEN, 'u1')
  .account(TEN + 1, { plan: 'ltd', revision: 2, workspaces: [workspace('w1'), workspace('w2')] })
  .account(TEN + DAY, { plan: 'ltd', revision: 3, workspaces: [workspace('w1')] });
const END = at('2026-06-01T00:00:00Z');
const truth = recount(log.entries, { ...OPTIONS, until: END + DAY, closedAt: ({ end }) => end + 1_000 });

/** Views of an engine that is right. */
function viewsOf(of: Truth): Views {
  const id = (n: number): string => `id${String(n)}`;
  return {
    ...{
      windows: of.windows,
      crossings: of.crossings,
      deadLetters: of.deadLetters,
      progress: [],
      deliveries: [],
    },
    notifications: [...of.notices, ...of.invitations].map((one, n) => ({
      ...{ ...one, id: id(n), reason: one.reason },
      status: one.status === 'DUE' ? 'SENT' : one.status,
    })),
    violations: [
      ...of.violations.map((one) => ({ ...one, occurredAt: one.crossedAt, closedAt: null, details: {} })),
      ...of.largeFiles.map(({ fileName, sizeBytes, botId, ...one }) => ({
        ...{ ...one, start: null, closedAt: null },
        details: { fileName, sizeBytes: String(sizeBytes), botId, clause: 'words' },
      })),
      ...of.brokenConditions.map((one) => ({ ...one, start: null, details: {} })),
    ].map((one, n) => ({ ...one, id: id(n) })),
    overages: of.overageSteps.map((one, n) => ({ ...one, id: id(n), createdAt: one.end + 1_000 })),
    measures: of.measures.map((one, n) => ({ ...one, id: id(n), botId: null })),
  };
}

/** Events of an engine that is right. */
function eventsOf(of: Truth): Record<Topic, Published[]> {
  const common = (one: object): Fields => ({ ...one, windowStart: 'start' in one ? one.start : null });
  const none = { used: null, limit: null, level: null, causeEventId: null };
  const events = {
    violations: [
      ...of.violations.map((one) => ({ ...common(one), level: 100, occurredAt: one.crossedAt })),
      ...of.largeFiles.map((one) => ({
        ...common(one),
        used: one.sizeBytes,
        level: null,
        windowStart: null,
      })),
      ...of.brokenConditions.map((one) => ({ ...common(one), ...none, windowStart: null })),
    ],
    notifications: [...of.notices, ...of.invitations].map(common),
    overages: of.overageSteps.map(common),
    measures: of.measures.flatMap((one) => [
      { ...common(one), status: 'APPLIED', effectiveUntil: one.end },
      ...(one.status === 'LIFTED' ? [common(one)] : []),
    ]),
  };
  return Object.fromEntries(
    Object.entries(events).map(([topic, records]) => [
      topic,
      records.map((record: Fields, n) => ({ id: String(n), record })),
    ]),
  ) as Record<Topic, Published[]>;
}

it('has something of everything to compare', () => {
  const counts = [
    truth.violations,
    truth.largeFiles,
    truth.brokenConditions,
    truth.measures,
    truth.invitations,
  ];
  expect(counts.map(({ length }) => length)).toEqual([3, 1, 1, 1, 1]);
  const steps = truth.overageSteps.filter(({ rule }) => rule === 'sessions-per-month');
  expect(steps.map(({ kind, stepPercent }) => [kind, stepPercent])).toEqual([
    ['STARTED', 100],
    ['GREW', 125],
    ['CLOSED', 125],
  ]);
});

describe('the views', () => {
  const compare = (views: Views): string[] => [
    ...compareUsage(truth, views),
    ...compareNotices(truth, new Notices(views)),
  ];
  const views = viewsOf(truth);

  it('of an engine that is right do not differ', () => {
    expect(compare(views)).toEqual([]);
  });

  it.each(['windows', 'crossings', 'violations', 'overages', 'measures', 'notifications'] as const)(
    'differ when anything of %s is missing or there twice',
    (name) => {
      views[name].forEach((row, n) => {
        expect(compare({ ...views, [name]: views[name].filter((_, other) => other !== n) })).toHaveLength(1);
        expect(compare({ ...views, [name]: [...views[name], row] })).toHaveLength(1);
      });
    },
  );

  it.each([
    ['violations', { closedAt: TEN + 2 }],
    ['violations', { details: { fileName: 'other.png' } }],
    ['overages', { used: 1 }],
    ['measures', { status: 'EXPIRED' }],
    ['measures', { effectiveUntil: END + 1 }],
    ['notifications', { status: 'CANCELLED' }],
    ['notifications', { status: 'SUPPRESSED', reason: 'cooldown' }],
  ] as const)('differ when a row of %s says %j', (name, change) => {
    const rows = views[name].map((row) => ({ ...row, ...change }));
    expect(compare({ ...views, [name]: rows }).length).toBeGreaterThan(0);
  });
});

describe('the events', () => {
  const events = eventsOf(truth);
  const compare = (of: Record<Topic, Published[]>): string[] => compareContents(truth, (topic) => of[topic]);

  it('of an engine that is right do not differ', () => {
    expect(compare(events)).toEqual([]);
  });

  it.each(['violations', 'notifications', 'overages', 'measures'] as const)(
    'differ when anything of %s is missing or another',
    (topic) => {
      events[topic].forEach((event, n) => {
        const others = events[topic].filter((_, other) => other !== n);
        expect(compare({ ...events, [topic]: others })).toHaveLength(1);
        const record = { ...event.record, accountId: 'a2' };
        expect(compare({ ...events, [topic]: [...others, { ...event, record }] })).toHaveLength(2);
      });
    },
  );
});

it('overages that are not closed in time are named', () => {
  const views = viewsOf(truth);
  const open = { ...views, overages: views.overages.filter(({ kind }) => kind !== 'CLOSED') };
  expect(overdue(truth, views, END + 200_000)).toEqual([]);
  expect(overdue(truth, open, END + 100_000)).toEqual([]);
  expect(overdue(truth, open, END + 200_000)).toHaveLength(1);
});
