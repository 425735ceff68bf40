import { describe, expect, it } from '@jest/globals';
import { recount } from '../../src/simulation/truth/recount.js';
import { compareContents } from '../../src/simulation/verify/compareContents.js';
import { compareNotices, Notices } from '../../src/simulation/verify/compareNotices.js';
import type { Views } from '../../src/simulation/verify/views.js';
import { at, LogBook, OPTIONS } from './logs.js';

const MAY = at('2026-05-01T00:00:00Z');
const TEN = at('2026-05-20T10:00:00Z');

/** Sessions of two workspaces, then chats: by arrival the sessions of w2 were first. */
const log = new LogBook()
  .account(MAY, { plan: 'sandbox' })
  .sessions(100, TEN, { ws: 'w2' })
  .sessions(100, TEN, { ws: 'w1' })
  .chats(100, TEN)
  .chats(60, TEN + 1, { ws: 'w3' });
const truth = recount(log.entries, OPTIONS);

type Told = Views['notifications'][number];
const invitation = (change: Partial<Told> = {}): Told => ({
  id: 'n1',
  kind: 'UPGRADE_INVITATION',
  accountId: 'a1',
  workspaceId: 'w2',
  rule: 'sessions-per-month',
  start: MAY,
  level: 100,
  status: 'SENT',
  reason: null,
  createdAt: TEN,
  ...change,
});
const NONE = { windows: [], crossings: [], deliveries: [], violations: [], overages: [], measures: [] };

const inViews = (...notifications: Told[]): string[] =>
  compareNotices(truth, new Notices({ ...NONE, deadLetters: [], progress: [], notifications }));

const published = (...notices: (Told & { limit: number })[]): string[] => {
  const events = notices.map((one) => ({ id: one.id, record: { ...one, windowStart: one.start } }));
  const found = compareContents(truth, (topic) => (topic === 'notifications' ? events : []));
  return found.filter((line) => line.startsWith('notice published'));
};

const CHATS = { rule: 'chats-per-month', workspaceId: null };

describe('an invitation to upgrade, where limits of two topics were reached in the month', () => {
  it.each([
    ['the limit that arrived first', {}],
    ['the first of the other topic: the log does not say which was counted first', CHATS],
  ])('may name %s', (_, named) => {
    expect(inViews(invitation(named))).toEqual([]);
    expect(published({ ...invitation(named), limit: 100 })).toEqual([]);
  });

  it.each([
    ['the second of its own topic', { workspaceId: 'w1' }],
    ['one that was not reached', { workspaceId: 'w3' }],
    ['one that invites nobody', { rule: 'tickets-per-month', workspaceId: null }],
  ])('may not name %s', (_, named) => {
    expect(inViews(invitation(named))).toHaveLength(1);
  });

  it.each([{}, CHATS])('is missed, and seen twice, whichever it names (%j)', (named) => {
    const one = invitation(named);
    expect(inViews()).toHaveLength(1);
    expect(inViews(one, { ...one, id: 'n2' })).toHaveLength(1);
    expect(inViews(one, invitation({ id: 'n2' }))).toHaveLength(1);
    const twice = { ...one, id: 'n2', limit: 100 };
    expect(published()).toHaveLength(1);
    expect(published({ ...one, limit: 100 }, twice)).toHaveLength(1);
  });

  it.each([{}, CHATS])('belongs to its month (%j)', (named) => {
    const june = invitation({ ...named, start: at('2026-06-01T00:00:00Z') });
    expect(inViews(june)).toHaveLength(2);
    expect(published({ ...june, limit: 100 })).toHaveLength(2);
  });

  it.each([
    ['that may have been mailed stands', 'UNKNOWN', 0],
    ['that was not mailed is to be taken back', 'PENDING', 1],
  ])('%s when the plan changes', (_, status, found) => {
    const { entries } = new LogBook()
      .account(MAY, { plan: 'sandbox' })
      .sessions(100, TEN, { ws: 'w2' })
      .account(TEN + 3_600_000, { plan: 'pro', revision: 2 });
    const deliveries = [{ notificationId: 'n1', recipient: 'owner@example.com', status, sentAt: null }];
    const told = [invitation({ status })];
    const notices = new Notices({ ...NONE, deliveries, deadLetters: [], progress: [], notifications: told });
    expect(compareNotices(recount(entries, { ...OPTIONS, ...notices.times() }), notices)).toHaveLength(found);
  });

  it('names the size of a limit that was reached', () => {
    expect(published({ ...invitation(CHATS), limit: 50 })).toHaveLength(1);
  });
});
