import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Account } from '../../../src/domain/accounts/account.js';
import { prevailingRuling, rulingFor } from '../../../src/domain/judging/limits.js';
import type { Policy } from '../../../src/domain/policy/policy.js';
import { eventId } from '../../../src/support/eventId.js';
import { policyWith } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const PLANS = ['sandbox', 'pro', 'unlimited', 'nobody-knows-it'];
// Few instants, so that windows end, plans come and versions come into force at the same one, or one apart.
const instant = fc.integer({ min: 0, max: 12 });
const ascending = (minLength: number, maxLength: number) =>
  fc
    .uniqueArray(instant, { minLength, maxLength })
    .map((instants) => instants.toSorted((one, other) => one - other));
const [shipped] = policyWith().versions;
const allowance = {
  id: 'x',
  rule: 'chats-per-hour' as const,
  extra: 5,
  ...{ from: 0, until: 100, grantedAt: 0, withdrawnAt: null, reason: '' },
};

function policyOf(dates: readonly number[]): Policy {
  if (shipped === undefined) throw new Error('the policy has no version');
  return {
    versions: dates.map((effectiveFrom, n) => ({
      ...shipped,
      version: `v${n}`,
      hash: `hash ${n}`,
      effectiveFrom,
    })),
  };
}

function accountOf(plans: readonly (readonly [from: number, plan: string])[], judgedBy: string): Account {
  return {
    snapshot: snapshotOf({ plan: plans.at(-1)?.[1] ?? 'pro' }),
    history: plans.map(([from, plan]) => ({ from, plan, status: 'ACTIVE' as const })),
    allowances: [],
    judgedBy,
  } as unknown as Account;
}

const plans = ascending(1, 3).chain((froms) =>
  fc.tuple(...froms.map((from) => fc.tuple(fc.constant(from), fc.constantFrom(...PLANS)))),
);

describe('the ruling that prevails', () => {
  it('is that of every window that ends after its instant, and says so of every one that it can', () => {
    fc.assert(
      fc.property(
        plans,
        ascending(1, 3),
        fc.constantFrom('', 'hash 0', 'hash 1', 'hash 2'),
        instant,
        (history, dates, judgedBy, at) => {
          const account = accountOf(history, judgedBy);
          const context = { policy: policyOf(dates), now: at, id: eventId };
          const prevailing = prevailingRuling(account, at, context);
          if (prevailing === null) throw new Error('nothing prevails');
          const { ruling, since } = prevailing;
          for (let end = -1; end <= 14; end += 1) {
            const found = rulingFor(account, { start: end - 1, end }, at, context);
            if (end > since) expect(found).toEqual(ruling);
          }
          if (history.length === 1 && dates.length === 1) expect(since).toBe(-Infinity);
          // No later than when the latest plan came and the latest version did.
          expect(since).toBeLessThanOrEqual(Math.max(history.at(-1)?.[0] ?? 0, dates.at(-1) ?? 0));
        },
      ),
      { numRuns: 2_000, ...SEED },
    );
  });

  it('is none of an account with allowances', () => {
    const account = { ...accountOf([[0, 'pro']], ''), allowances: [allowance] } as unknown as Account;
    const context = { policy: policyOf([0]), now: 5, id: eventId };
    expect(prevailingRuling(account, 5, context)).toBeNull();
  });
});
