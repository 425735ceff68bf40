import { describe, expect, it } from '@jest/globals';
import { applyAccountEvent, type Account } from '../../../src/domain/accounts/account.js';
import type { Notice } from '../../../src/domain/judging/ledger.js';
import { inCooldown, newestSuppressedBy } from '../../../src/domain/notices/cooldown.js';
import { release } from '../../../src/domain/notices/issue.js';
import type { Limit } from '../../../src/domain/policy/policy.js';
import { limitsOf, policyAt } from '../../../src/domain/policy/policy.js';
import { HOUR_MS } from '../../../src/domain/windows/window.js';
import { smallPolicy } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const T = Date.parse('2026-05-20T10:00:00Z');
const DAY = 24 * HOUR_MS;
const SCOPE = { rule: 'chats-per-hour' as const, workspaceId: '' };
const LIMIT = limitsOf(policyAt(smallPolicy(), T), 'pro').find((l) => l.rule === SCOPE.rule) as Limit;

function notice(hours: number, change: Partial<Notice> = {}): Notice {
  const start = T + hours * HOUR_MS;
  return {
    ...SCOPE,
    id: `n${hours}`,
    kind: 'THRESHOLD_WARNING',
    windowKind: 'hour',
    window: { start, end: start + HOUR_MS },
    level: 80,
    limit: 2_000,
    generation: 0,
    status: 'PENDING',
    reason: null,
    createdAt: start,
    attempted: false,
    sentAt: null,
    record: {},
    ...change,
  };
}
const held = (hours: number): Notice => notice(hours, { status: 'SUPPRESSED', reason: 'cooldown' });

describe('cooldown', () => {
  it.each([
    [DAY - 1, true],
    [DAY, false],
  ])('%d ms after a warning: %s', (after, cooling) => {
    expect(inCooldown([notice(0)], SCOPE, DAY, T + after)).toBe(cooling);
  });

  it.each([
    ['PENDING' as const, true],
    ['SENT' as const, true],
    ['UNKNOWN' as const, true],
    ['FAILED' as const, false],
    ['CANCELLED' as const, false],
    ['SUPPRESSED' as const, false],
  ])('after one that is %s: %s', (status, cooling) => {
    expect(inCooldown([notice(0, { status })], SCOPE, DAY, T + 1)).toBe(cooling);
  });

  it('is of one scope and rule, of warnings, and of limits that have one', () => {
    expect(inCooldown([notice(0)], { ...SCOPE, workspaceId: 'w' }, DAY, T + 1)).toBe(false);
    expect(inCooldown([notice(0)], { ...SCOPE, rule: 'chats-per-month' }, DAY, T + 1)).toBe(false);
    expect(inCooldown([notice(0, { kind: 'CORRECTION' })], SCOPE, DAY, T + 1)).toBe(false);
    expect(inCooldown([notice(0)], SCOPE, null, T + 1)).toBe(false);
  });
});

describe('what a failed warning held back', () => {
  const failed = notice(0, { status: 'FAILED' });

  it('is the newest', () => {
    expect(newestSuppressedBy([failed, held(2), held(5)], failed)?.id).toBe('n5');
    expect(newestSuppressedBy([held(-2), failed], failed)).toBeUndefined();
    expect(
      newestSuppressedBy([failed, notice(3, { status: 'SUPPRESSED', reason: 'window-ended' })], failed),
    ).toBe(undefined);
  });

  it('is not what a later warning held back', () => {
    expect(newestSuppressedBy([failed, held(2), notice(25), held(26)], failed)?.id).toBe('n2');
  });

  const account = applyAccountEvent(null, {
    accountId: 'a',
    snapshot: snapshotOf(),
    arrivedAt: T,
  }) as Account;

  it('goes out when it may', () => {
    const one = held(2);
    expect(release(one, account, [failed, one], LIMIT, T + 5 * HOUR_MS)).toBe(true);
    expect(one).toMatchObject({ status: 'PENDING', reason: null, createdAt: T + 5 * HOUR_MS });
  });

  it('stays where it is when it is stale, when another warning went out, or when the account is not active', () => {
    const stay = { status: 'SUPPRESSED', reason: 'cooldown' };
    const one = held(2);
    expect(release(one, account, [failed, one], LIMIT, one.window.end + DAY)).toBe(false);
    expect(release(one, account, [failed, one, notice(25)], LIMIT, T + 26 * HOUR_MS)).toBe(false);
    const suspended: Account = { ...account, snapshot: { ...account.snapshot, status: 'SUSPENDED' } };
    expect(release(one, suspended, [failed, one], LIMIT, T + 5 * HOUR_MS)).toBe(false);
    expect(one).toMatchObject(stay);
  });
});
