import { describe, expect, it } from '@jest/globals';
import type { AccountSnapshot, Contact } from '../../src/simulation/records.js';
import { compareNotices, Notices, recipientsOf } from '../../src/simulation/verify/compareNotices.js';
import { differences } from '../../src/simulation/verify/differences.js';
import { unfinished } from '../../src/simulation/verify/settle.js';
import type { Views } from '../../src/simulation/verify/views.js';
import { recount } from '../../src/simulation/truth/recount.js';
import { at, LogBook, OPTIONS } from './logs.js';

const row = (about: string, used: number) => ({ about, says: { used, limit: 10 } });
const NO_VIEWS: Views = {
  windows: [],
  crossings: [],
  notifications: [],
  deliveries: [],
  violations: [],
  overages: [],
  measures: [],
  deadLetters: [],
  progress: [],
};

describe('differences', () => {
  it('are none between equal rows in any order', () => {
    expect(differences('usage', [row('a', 1), row('b', 2)], [row('b', 2), row('a', 1)])).toEqual([]);
  });

  it('say what is missing, too much or not the same', () => {
    const found = differences('usage', [row('a', 1), row('b', 2)], [row('a', 3), row('c', 4)]);
    expect(found).toEqual([
      'usage: a: truth used 1, engine used 3',
      'usage: b: truth used 2, limit 10, engine nothing',
      'usage: c: truth nothing, engine used 4, limit 10',
    ]);
  });

  it('count repeats', () => {
    expect(differences('mail', [row('a', 1)], [row('a', 1), row('a', 1)])).toHaveLength(1);
  });
});

describe('warnings', () => {
  const TEN = at('2026-05-20T10:00:00Z');
  const truth = recount(new LogBook().account(TEN).sessions(8_000, TEN).entries, OPTIONS);
  const warning = (status: string, reason: string | null): Views => ({
    ...NO_VIEWS,
    notifications: [
      {
        id: 'n1',
        kind: 'THRESHOLD_WARNING',
        accountId: 'a1',
        workspaceId: 'w1',
        rule: 'sessions-per-month',
        start: at('2026-05-01T00:00:00Z'),
        level: 80,
        status,
        reason,
        createdAt: TEN + 50,
      },
    ],
  });
  const compare = (views: Views) => compareNotices(truth, new Notices(views));

  it('agree when the one to be mailed was', () => {
    expect(compare(warning('SENT', null))).toEqual([]);
    expect(compare(warning('UNKNOWN', null))).toEqual([]);
  });

  it('differ when it was held back, taken back or never made', () => {
    expect(compare(warning('SUPPRESSED', 'cooldown'))).toHaveLength(1);
    expect(compare(warning('SUPPRESSED', 'window-ended'))).toHaveLength(1);
    expect(compare(warning('CANCELLED', null))).toHaveLength(1);
    expect(compare(NO_VIEWS)).toHaveLength(1);
  });
});

describe('recipients', () => {
  const contact = (email: string, role: Contact['role'], notify = true): Contact => ({
    name: 'Alex Example',
    email,
    role,
    locale: null,
    notify,
  });
  const told = (...contacts: Contact[]) => recipientsOf({ contacts } as AccountSnapshot);

  it('are owners and admins who want to be told, once each whatever the case', () => {
    const owner = contact('Owner@x.test', 'OWNER');
    const others = [contact('owner@x.test', 'ADMIN'), contact('b@x.test', 'BILLING')];
    expect(told(owner, ...others, contact('no@x.test', 'ADMIN', false))).toEqual(['owner@x.test']);
  });

  it('are the others where no owner or admin wants to be told', () => {
    expect(told(contact('o@x.test', 'OWNER', false), contact('b@x.test', 'BILLING'))).toEqual(['b@x.test']);
    expect(told()).toEqual([]);
  });
});

it('waits for partitions that are not read to their end', () => {
  const views = { ...NO_VIEWS, progress: [{ topic: 't', partition: 0, nextOffset: 4 }] };
  expect(unfinished(views, new Map([['t/0', 4]]))).toEqual([]);
  expect(unfinished(views, new Map([['t/0', 5]]))).toEqual(['t/0: read up to 4 of 5']);
  expect(unfinished(views, new Map([['t/1', 1]]))).toHaveLength(1);
});
