import { describe, expect, it } from '@jest/globals';
import { applyAccountEvent } from '../../../src/domain/accounts/account.js';
import type { AccountSnapshot, Workspace } from '../../../src/domain/accounts/snapshot.js';
import { AccountState } from '../../../src/domain/counting/accountState.js';
import { AccountChanges } from '../../../src/domain/counting/changes.js';
import { factsOf, judgeConditions } from '../../../src/domain/judging/conditions.js';
import { NO_CONDITIONS } from '../../../src/domain/judging/facts.js';
import { reportResale } from '../../../src/domain/judging/resale.js';
import type { ConditionRule } from '../../../src/domain/policy/policy.js';
import { eventId } from '../../../src/support/eventId.js';
import { smallPolicy } from '../../support/engineLog.js';
import { snapshotOf } from '../accounts/snapshots.js';

const POLICY = smallPolicy();
const DAY = 86_400_000;
const BEGIN = Date.parse('2026-05-20T10:00:00Z');

function workspace(workspaceId: string, ...websites: Workspace['websites'][number][]): Workspace {
  return { workspaceId, name: workspaceId, websites };
}

/** An account whose snapshots come a day apart. */
class Story {
  readonly state = new AccountState('a', 0);
  readonly changes = new AccountChanges();
  private days = 0;

  constructor() {
    this.state.conditions = NO_CONDITIONS;
  }

  take(change: Partial<AccountSnapshot>): this {
    const at = BEGIN + this.days * DAY;
    this.days += 1;
    const before = this.state.account;
    const snapshot = snapshotOf({ revision: this.days, updatedAt: at, ...change });
    this.state.account = applyAccountEvent(before, { accountId: 'a', snapshot, arrivedAt: at });
    judgeConditions(this.state, this.changes, before, { policyTime: at, at }, this.context(at));
    return this;
  }

  resell(detail: string, workspaceId = '') {
    const at = BEGIN + this.days * DAY;
    return reportResale(this.state, this.changes, { workspaceId, detail }, this.context(at));
  }

  /** `rule/fact/generation`, the day it began, and the day it ended where it did. */
  get told(): string[] {
    const day = (at: number): number => (at - BEGIN) / DAY;
    return this.changes.consequences.violations.map(({ id, rule, fact, occurredAt }) => {
      const closed = this.changes.consequences.closedViolations.find((c) => c.id === id);
      const end = closed === undefined ? '' : `-${day(closed.closedAt)}`;
      return `${rule}/${fact?.name ?? ''}/${fact?.generation ?? ''} ${day(occurredAt)}${end}`;
    });
  }

  private context(now: number) {
    return { policy: POLICY, now, id: eventId };
  }
}

function names(rule: ConditionRule, change: Partial<AccountSnapshot>, owner: string | null = null): string[] {
  return factsOf(snapshotOf(change), [rule], owner).map(({ name }) => name);
}

describe('one workspace', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
  ])('of %i workspaces makes %i facts', (count, facts) => {
    const workspaces = Array.from({ length: count }, (_, n) => workspace(`w${n}`));
    expect(names('one-workspace', { workspaces })).toHaveLength(facts);
  });
});

describe('own websites', () => {
  it.each([
    ['another company', 'Example', 'Other', true],
    ['the same', 'Example', 'Example', false],
    ['the same but for case', 'Example', 'eXAMPLE', false],
    ['the same but for spaces', ' Example ', '\tExample', false],
    ['no company given', 'Example', null, false],
    ['an empty company', 'Example', ' ', false],
    ['no company of the account', null, 'Other', false],
    ['an empty company of the account', '  ', 'Other', false],
  ])('%s', (_, company, theirs, broken) => {
    const workspaces = [workspace('w', { domain: 'shop.example', company: theirs })];
    expect(names('own-websites', { company, workspaces })).toHaveLength(broken ? 1 : 0);
  });

  it('makes one fact a workspace and domain, however often and in whatever case it is named', () => {
    const other = { domain: 'Shop.example', company: 'Other' };
    const again = { domain: 'shop.EXAMPLE ', company: 'Third' };
    const own = { domain: 'shop.example', company: 'Mine' };
    const workspaces = [workspace('w1', own, other, again), workspace('w2', again)];
    expect(names('own-websites', { company: 'Mine', workspaces })).toEqual([
      '["w1","shop.example"]',
      '["w2","shop.example"]',
    ]);
  });
});

describe('not transferable, eligible customer', () => {
  it.each([
    [null, 'new', []],
    ['new', 'new', []],
    ['old', 'new', ['new']],
    ['New', 'new', ['new']],
  ])('held by %s, owned by %s', (held, ownerId, facts) => {
    expect(names('not-transferable', { ownerId }, held)).toEqual(facts);
  });

  it.each([
    ['COMPANY', 0],
    ['INDIVIDUAL', 0],
    ['UNKNOWN', 0],
    ['AGENCY', 1],
    ['RESELLER', 1],
    ['OUTSOURCER', 1],
  ])('%s', (customerType, facts) => {
    expect(names('eligible-customer', { customerType })).toHaveLength(facts);
  });

  it('judges nothing that is not asked for', () => {
    const snapshot = snapshotOf({ customerType: 'AGENCY', workspaces: [workspace('1'), workspace('2')] });
    expect(factsOf(snapshot, ['no-resale'], 'someone')).toEqual([]);
  });
});

describe('conditions of an account', () => {
  const two = { workspaces: [workspace('w1'), workspace('w2')] };

  it('make one violation a fact, close it when it ends, and make a new one when it begins again', () => {
    const ltd = { plan: 'ltd' };
    const story = new Story()
      .take(ltd)
      .take({ ...ltd, ...two })
      .take({ ...ltd, workspaces: [...two.workspaces, workspace('w3')] })
      .take(ltd)
      .take({ ...ltd, ...two });
    expect(story.told).toEqual(['one-workspace/more than one/0 1-3', 'one-workspace/more than one/1 4']);
    const ids = story.changes.consequences.outgoing.map(({ eventId: id }) => id);
    expect(ids).toEqual(story.changes.consequences.violations.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
  });

  it('begin and end with the plan, also of suspended and closed accounts', () => {
    const story = new Story()
      .take({ plan: 'pro', ...two })
      .take({ plan: 'ltd', ...two, status: 'SUSPENDED' })
      .take({ plan: 'ltd', ...two, status: 'CLOSED' })
      .take({ plan: 'pro', ...two });
    expect(story.told).toEqual(['one-workspace/more than one/0 1-3']);
  });

  it('hold for deals of any plan, as far as deals go', () => {
    const agency = { customerType: 'AGENCY', ...two };
    const story = new Story()
      .take({ plan: 'pro', ...agency })
      .take({ plan: 'pro', isDeal: true, ...agency })
      .take({ plan: 'mystery', isDeal: true, ...agency })
      .take({ plan: 'mystery', isDeal: true, ...agency, customerType: 'RESELLER' })
      .take({ plan: 'mystery', ...agency });
    expect(story.told).toEqual(['eligible-customer/AGENCY/0 1-3', 'eligible-customer/RESELLER/0 3-4']);
  });

  it('name an LTD deal once for what both forbid', () => {
    const story = new Story().take({ plan: 'ltd', isDeal: true, customerType: 'AGENCY' });
    expect(story.told).toEqual(['eligible-customer/AGENCY/0 0']);
  });

  it('measure the owner by the one known when the condition began', () => {
    const story = new Story()
      .take({ plan: 'pro', ownerId: 'a' })
      .take({ plan: 'pro', ownerId: 'b' })
      .take({ plan: 'ltd', ownerId: 'c' })
      .take({ plan: 'ltd', ownerId: 'd' })
      .take({ plan: 'pro', isDeal: true, ownerId: 'e' })
      .take({ plan: 'pro', isDeal: true, ownerId: 'c' })
      .take({ plan: 'pro', isDeal: true, ownerId: 'd' })
      .take({ plan: 'pro', ownerId: 'd' })
      .take({ plan: 'ltd', ownerId: 'd' });
    expect(story.told).toEqual([
      'not-transferable/d/0 3-4',
      'not-transferable/e/0 4-5',
      'not-transferable/d/1 6-7',
    ]);
    expect(story.state.conditions?.owner).toBe('d');
    expect(story.changes.consequences.outgoing[0]?.record).toMatchObject({
      rule: 'not-transferable',
      plan: 'ltd',
      workspaceId: null,
      metric: null,
      level: null,
      windowStart: null,
      causeEventId: null,
      details: { from: 'c', to: 'd' },
    });
  });

  it('hold to the owner before, where an older release took the snapshot without judging', () => {
    const story = new Story().take({ plan: 'ltd', ownerId: 'a' });
    story.state.conditions = NO_CONDITIONS;
    story.take({ plan: 'ltd', ownerId: 'b' });
    expect(story.told).toEqual(['not-transferable/b/0 1']);
  });

  it('keep long words short enough for a record', () => {
    const company = '😀'.repeat(100_000);
    const story = new Story().take({
      plan: 'ltd',
      company: 'Mine',
      workspaces: [workspace('w', { domain: 'shop.example', company })],
    });
    expect(story.changes.consequences.violations[0]?.details['company']).toBe(`${'😀'.repeat(500)}…`);
    expect(story.changes.consequences.outgoing[0]?.record).toMatchObject({ workspaceId: 'w' });
  });
});

describe('resale', () => {
  it('is one fact by what was seen and where, and no snapshot ends it', () => {
    const story = new Story().take({ plan: 'pro' });
    const first = story.resell('Sells  bots at shop.example');
    expect(first.kind).toBe('reported');
    story.take({ plan: 'ltd' });
    expect(story.resell(' sells bots at SHOP.example ')).toEqual({ ...first, kind: 'open' });
    expect(story.resell('sells bots at shop.example', 'w1').kind).toBe('reported');
    expect(story.changes.consequences.closedViolations).toEqual([]);
    expect(story.changes.consequences.violations.map(({ rule }) => rule)).toEqual(['no-resale', 'no-resale']);
  });
});
