import { describe, expect, it } from '@jest/globals';
import { applyAccountEvent, type Account } from '../../../src/domain/accounts/account.js';
import { rulingFor } from '../../../src/domain/judging/limits.js';
import type { Policy, PolicyVersion } from '../../../src/domain/policy/policy.js';
import { HOUR_MS, hourOf } from '../../../src/domain/windows/window.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const TEN = Date.parse('2026-05-20T10:00:00Z');
const [shipped] = smallPolicy().versions as [PolicyVersion];
const policy: Policy = {
  versions: [shipped, { ...shipped, version: 'next', effectiveFrom: TEN + HOUR_MS / 2 }],
};
const context = { policy, now: TEN, id: eventId };
const account = [
  { plan: 'sandbox', at: TEN - HOUR_MS },
  { plan: 'pro', at: TEN + HOUR_MS },
].reduce<Account | null>(
  (known, { plan, at }, n) =>
    applyAccountEvent(known, {
      accountId: 'a',
      arrivedAt: at,
      snapshot: snapshotOf({ plan, revision: n + 1, updatedAt: at - HOUR_MS }),
    }),
  null,
) as Account;

describe('what a window is judged by', () => {
  it.each([
    ['an open window: the plan and version in force now', TEN + HOUR_MS, TEN + 1.5 * HOUR_MS, 'pro', 'next'],
    ['an ended one: those at its end', TEN, TEN + 2 * HOUR_MS, 'sandbox', 'next'],
    ['one that ended before the version came', TEN - HOUR_MS, TEN + 2 * HOUR_MS, 'sandbox', '2021-10-19'],
    ['an event that came before the version', TEN, TEN + HOUR_MS / 2 - 1, 'sandbox', '2021-10-19'],
    ['from its effective date on', TEN, TEN + HOUR_MS / 2, 'sandbox', 'next'],
    ['an event read after the plan change, of an hour before it', TEN, TEN + 1, 'sandbox', '2021-10-19'],
  ])('%s', (_, start, at, plan, version) => {
    const ruling = rulingFor(account, hourOf(start), at, context);
    expect([ruling.plan, ruling.version.version]).toEqual([plan, version]);
  });
});
