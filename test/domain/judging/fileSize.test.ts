import { describe, expect, it } from '@jest/globals';
import { applyAccountEvent } from '../../../src/domain/accounts/account.js';
import { AccountState } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { judgeFileSize } from '../../../src/domain/judging/fileSize.js';
import type { Allowed, Policy, PolicyVersion } from '../../../src/domain/policy/policy.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const BEGIN = Date.parse('2026-05-20T10:00:00Z');
const HOUR = 3_600_000;
const [SHIPPED] = smallPolicy().versions as [PolicyVersion];

/** A version that allows files of `common`, and of `pro` in plan pro. */
function version(effectiveFrom: number, common: number, pro: Allowed): PolicyVersion {
  const plan = SHIPPED.plans.get('pro');
  if (plan === undefined) throw new Error('the policy has no plan pro');
  return {
    ...SHIPPED,
    version: String(effectiveFrom - BEGIN),
    effectiveFrom,
    commonFileSize: { allowed: { kind: 'limited', amount: common }, clause: 'all' },
    plans: new Map([['pro', { ...plan, fileSize: { allowed: pro, clause: 'pro' } }]]),
  };
}

/** `plan: limit` of the violation that an upload makes; null: none. The account changes from pro to ltd after an hour. */
function judged(size: number, arrivedAt: number, policy: Policy): string | null {
  const state = new AccountState('a', 0);
  for (const [revision, plan] of ['pro', 'ltd'].entries()) {
    const snapshot = snapshotOf({ revision, plan });
    const event = { accountId: 'a', snapshot, arrivedAt: BEGIN + revision * HOUR };
    state.account = applyAccountEvent(state.account, event);
  }
  const changes = new AccountChanges();
  judgeFileSize(
    state,
    changes,
    {
      metric: 'upload_bytes',
      eventId: 'e',
      accountId: 'a',
      workspaceId: 'w',
      idHash: new Uint8Array(16),
      amount: size,
      occurredAt: BEGIN,
      arrivedAt,
      upload: { uploadId: 'u', fileName: 'f', botId: 'b' },
    },
    { policy, now: arrivedAt, id: eventId },
  );
  const record = changes.consequences.outgoing[0]?.record;
  return record === undefined ? null : `${String(record['plan'])}: ${String(record['limit'])}`;
}

describe('the limit of a file', () => {
  const policy = { versions: [version(BEGIN, 10, { kind: 'limited', amount: 20 })] };
  const later = { versions: [...policy.versions, version(BEGIN + 2 * HOUR, 5, { kind: 'unlimited' })] };

  it.each([
    [20, 0, null],
    [21, 0, 'pro: 20'],
    [21, HOUR - 1, 'pro: 20'],
    [11, HOUR - 1, null],
    [11, HOUR, 'ltd: 10'],
    [10, HOUR, null],
    [0, HOUR, null],
  ])('is that of the plan at its arrival: %i bytes, %i ms after the beginning', (size, after, expected) => {
    expect(judged(size, BEGIN + after, policy)).toBe(expected);
  });

  it.each([
    [6, 2 * HOUR - 1, null],
    [6, 2 * HOUR, 'ltd: 5'],
    [5, 2 * HOUR, null],
  ])('is that of the policy in force at its arrival: %i bytes, after %i ms', (size, after, expected) => {
    expect(judged(size, BEGIN + after, later)).toBe(expected);
  });

  it('may be none', () => {
    expect(judged(1e15, BEGIN, { versions: [version(BEGIN, 10, { kind: 'unlimited' })] })).toBeNull();
  });
});
