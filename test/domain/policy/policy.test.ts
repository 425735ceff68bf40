import { describe, expect, it } from '@jest/globals';
import { assemble, type PolicyTerms } from '../../../src/domain/policy/assemble.js';
import {
  limitsOf,
  policyAt,
  RULES,
  versionsAfter,
  type PolicyVersion,
} from '../../../src/domain/policy/policy.js';

const CHATS = {
  limit: { kind: 'limited', amount: 2_000 },
  per: 'account',
  warnAt: 80,
  overage: false,
  cooldown: 86_400_000,
  clause: 'Chats.',
} as const;

const SESSIONS = {
  ...CHATS,
  per: 'workspace',
  overage: true,
  cooldown: 'none',
  clause: 'Sessions.',
} as const;
const FILE_SIZE = { limit: { kind: 'limited', amount: 5 }, clause: 'Files.' } as const;

function version(changes: Partial<PolicyTerms> = {}): PolicyVersion {
  const terms: PolicyTerms = {
    version: 'v1',
    effectiveFrom: 1_000,
    common: { limits: { 'chats-per-hour': CHATS }, fileSize: FILE_SIZE },
    plans: { lite: { name: 'Lite', limits: { 'sessions-per-month': SESSIONS } }, bare: { name: 'Bare' } },
    ...changes,
  };
  return { ...assemble(terms), hash: 'hash' };
}

describe('the version in force', () => {
  const versions = [1_000, 2_000, 3_000].map((effectiveFrom) =>
    version({ version: `v${effectiveFrom / 1_000}`, effectiveFrom }),
  );

  it.each([
    [-1, 'v1'],
    [999, 'v1'],
    [1_000, 'v1'],
    [1_999, 'v1'],
    [2_000, 'v2'],
    [2_999, 'v2'],
    [3_000, 'v3'],
    [Number.MAX_SAFE_INTEGER, 'v3'],
  ])('at %i is %s', (instant, expected) => {
    expect(policyAt({ versions }, instant).version).toBe(expected);
  });

  it('is asked in vain of a policy without versions', () => {
    expect(() => policyAt({ versions: [] }, 0)).toThrow(RangeError);
  });
});

describe('the versions still to be judged by', () => {
  const versions = [1_000, 2_000, 3_000].map((effectiveFrom) => ({
    ...version({ version: `v${effectiveFrom / 1_000}`, effectiveFrom }),
    hash: `h${effectiveFrom / 1_000}`,
  }));

  it.each([
    ['h1', 1_999, []],
    ['h1', 2_000, ['v2']],
    ['h1', 3_000, ['v2', 'v3']],
    ['h3', 2_000, []],
    ['h1', 500, []],
    ['edited', 2_500, ['v2']],
    ['', 500, ['v1']],
  ])('after %j at %i', (hash, instant, expected) => {
    expect(versionsAfter({ versions }, hash, instant).map((found) => found.version)).toEqual(expected);
  });
});

describe('the limits of a plan', () => {
  it('are the common ones and its own, in one order', () => {
    const rules = limitsOf(version(), 'lite').map(({ rule, scope }) => [rule, scope]);
    expect(rules).toEqual([
      ['chats-per-hour', 'account'],
      ['sessions-per-month', 'workspace'],
    ]);
  });

  it.each(['other', '', 'LITE', '__proto__', 'constructor'])(
    'are the common ones for the unknown plan %j',
    (id) => {
      expect(limitsOf(version(), id)).toEqual(limitsOf(version(), 'bare'));
      expect(limitsOf(version(), id).map(({ rule }) => rule)).toEqual(['chats-per-hour']);
    },
  );

  it('override a common one only in the terms that they name', () => {
    const plans = {
      ltd: { name: 'LTD', limits: { 'chats-per-hour': { per: 'workspace', warnAt: 'never' } } },
    } as const;
    const [common] = version().common;
    expect(limitsOf(version({ plans }), 'ltd')).toEqual([{ ...common, scope: 'workspace', warnAt: null }]);
  });

  it('carry what is counted and over which window', () => {
    for (const limit of limitsOf(version(), 'lite')) {
      expect({ metric: limit.metric, windowKind: limit.windowKind }).toEqual(RULES[limit.rule]);
    }
  });

  it('must be complete', () => {
    const plans = { lite: { name: 'Lite', limits: { 'tickets-per-month': { warnAt: 80 } } } } as const;
    expect(() => version({ plans })).toThrow('tickets-per-month is incomplete');
  });
});

describe('file size and conditions', () => {
  it('are the common ones unless the plan has its own', () => {
    const own = { limit: { kind: 'unlimited' }, clause: 'Any size.' } as const;
    const { plans, commonFileSize } = version({
      common: {
        limits: { 'chats-per-hour': CHATS },
        fileSize: FILE_SIZE,
        conditions: { 'no-resale': 'No resale.' },
      },
      plans: {
        big: { name: 'Big', fileSize: own, conditions: { 'one-workspace': 'One.' } },
        bare: { name: 'Bare' },
      },
    });
    expect(commonFileSize).toEqual({ allowed: { kind: 'limited', amount: 5 }, clause: 'Files.' });
    expect(plans.get('bare')).toMatchObject({
      fileSize: commonFileSize,
      conditions: [{ rule: 'no-resale', clause: 'No resale.' }],
    });
    expect(plans.get('big')).toMatchObject({
      fileSize: { allowed: { kind: 'unlimited' } },
      conditions: [{ rule: 'no-resale' }, { rule: 'one-workspace' }],
    });
  });
});

describe('the content', () => {
  it('does not depend on the order in which plans and terms were written', () => {
    const { bare, lite } = { bare: { name: 'Bare' }, lite: { name: 'Lite' } };
    expect(version({ plans: { bare, lite } }).content).toBe(version({ plans: { lite, bare } }).content);
  });

  it('is the same whether a term is inherited or repeated, and another when it differs', () => {
    const withTerms = (limits: object) => version({ plans: { lite: { name: 'Lite', limits } } }).content;
    expect(withTerms({ 'chats-per-hour': CHATS })).toBe(withTerms({}));
    expect(withTerms({ 'chats-per-hour': { warnAt: 'never' } })).not.toBe(withTerms({}));
  });
});
