import { describe, expect, it } from '@jest/globals';
import {
  applyAccountEvent,
  isActive,
  planBefore,
  type Account,
} from '../../../src/domain/accounts/account.js';
import type { AccountSnapshot } from '../../../src/domain/accounts/snapshot.js';
import { snapshotOf } from './snapshots.js';

const T = Date.parse('2026-05-20T10:00:00Z');
const DAY = 86_400_000;

function take(
  known: Account | null,
  arrivedAt: number,
  change: Partial<AccountSnapshot> | null,
): Account | null {
  const snapshot = change === null ? null : snapshotOf(change);
  return applyAccountEvent(known, { accountId: 'a', snapshot, arrivedAt });
}
const opened = (change: Partial<AccountSnapshot> = {}): Account => take(null, T, change) as Account;

describe('the word of the platform on an account', () => {
  it('is ignored when its revision is older', () => {
    const known = opened({ revision: 5 });
    expect(take(known, T + 1, { revision: 4, plan: 'ltd' })).toBe(known);
    expect(take(known, T + 1, { revision: 5, plan: 'ltd' })?.snapshot.plan).toBe('ltd');
    expect(take(known, T + 1, { revision: 6, plan: 'ltd' })?.snapshot.plan).toBe('ltd');
  });

  it('changes nothing when it is repeated, also after it was stored with its keys in another order', () => {
    const contacts = [
      { name: 'N', email: 'n@example.com', role: 'OWNER' as const, locale: null, notify: true },
    ];
    const known = opened({ contacts });
    expect(take(known, T + 1, { contacts })).toBe(known);
    const turned = Object.fromEntries(
      Object.entries(known.snapshot).toReversed(),
    ) as unknown as AccountSnapshot;
    const stored: Account = { ...known, snapshot: turned };
    expect(take(stored, T + 1, { contacts })).toBe(stored);
  });

  it('closes by a tombstone, once, and only what is known', () => {
    expect(take(null, T, null)).toBeNull();
    const closed = take(opened({ revision: 9 }), T + 1, null) as Account;
    expect(closed).toMatchObject({ tombstoned: true, snapshot: { status: 'CLOSED', plan: 'pro' } });
    expect(isActive(closed)).toBe(false);
    expect(take(closed, T + 2, null)).toBe(closed);
  });

  it('opens a closed account again by any revision, the known one included', () => {
    const closed = take(opened({ revision: 9 }), T + 1, null);
    for (const revision of [1, 9, 10]) {
      const open = take(closed, T + 2, { revision }) as Account;
      expect(open).toMatchObject({ tombstoned: false, snapshot: { status: 'ACTIVE', revision } });
      expect(isActive(open)).toBe(true);
    }
  });

  it('knows which plan was in force when, by what was taken in', () => {
    const known = take(opened(), T + DAY, { revision: 2, plan: 'ltd', updatedAt: T - DAY }) as Account;
    expect([T - DAY, T, T + 1, T + DAY, T + DAY + 1].map((at) => planBefore(known, at))).toEqual([
      'pro',
      'pro',
      'pro',
      'pro',
      'ltd',
    ]);
  });

  it('ends with the newest snapshot even when arrivals run backwards', () => {
    const known = take(opened(), T - DAY, { revision: 2, plan: 'ltd' }) as Account;
    expect(planBefore(known, T + DAY)).toBe('ltd');
  });

  it('keeps the history of 500 days and the plan before them', () => {
    let known: Account | null = opened();
    for (let n = 1; n <= 600; n += 1) {
      known = take(known, T + n * DAY, { revision: n + 1, plan: n % 2 === 0 ? 'pro' : 'ltd' });
    }
    const { history } = known as Account;
    expect(history.length).toBeLessThanOrEqual(502);
    expect(history[0]?.from).toBeGreaterThan(T + 98 * DAY);
    expect(planBefore(known as Account, T + 101 * DAY + 1)).toBe('ltd');
  });
});

describe('snapshots that make no sense', () => {
  it.each([
    [{ timeZone: 'Mars/Olympus' }, { timeZone: 'UTC' }, 'timeZone'],
    [{ timeZone: '' }, { timeZone: 'UTC' }, 'timeZone'],
    [{ timeZone: '+02:00' }, { timeZone: 'UTC' }, 'timeZone'],
    [{ billingAnchorDay: 0 }, { billingAnchorDay: null }, 'billingAnchorDay'],
    [{ billingAnchorDay: 32 }, { billingAnchorDay: null }, 'billingAnchorDay'],
  ])('%j is taken as %j', (broken, sound, field) => {
    const known = opened(broken);
    expect(known.snapshot).toMatchObject(sound);
    expect(known.problems.map((p) => p.field)).toEqual([field]);
    expect(take(known, T + 1, broken)).toBe(known);
  });

  it('takes the first of two workspaces of one id', () => {
    const workspace = (workspaceId: string, name: string) => ({ workspaceId, name, websites: [] });
    const workspaces = [workspace('w1', 'first'), workspace('w2', 'other'), workspace('w1', 'second')];
    const known = opened({ workspaces });
    expect(known.snapshot.workspaces.map(({ name }) => name)).toEqual(['first', 'other']);
    expect(known.problems).toHaveLength(1);
  });

  it('keeps a contact whose address is none, and says so', () => {
    const contact = { name: 'N', role: 'OWNER' as const, locale: null, notify: true };
    const contacts = ['n@example.com', 'a@example.com, b@example.com', 'nobody'].map((email) => ({
      ...contact,
      email,
    }));
    const known = opened({ contacts });
    expect(known.snapshot.contacts).toEqual(contacts);
    expect(known.problems).toEqual([
      {
        field: 'contacts',
        problem: '"a@example.com, b@example.com" is no address (and 1 more): never mailed',
      },
    ]);
  });
});
