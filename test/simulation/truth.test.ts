import { describe, expect, it } from '@jest/globals';
import type { AccountSnapshot } from '../../src/simulation/records.js';
import { recount } from '../../src/simulation/truth/recount.js';
import { at, DAY, HOUR, LogBook, OPTIONS } from './logs.js';

const START = at('2026-05-01T00:00:00Z');
const TEN = at('2026-05-20T10:00:00Z');
const JUNE = at('2026-06-01T00:00:00Z');
const of = (log: LogBook, options = {}) => recount(log.entries, { ...OPTIONS, ...options });
const sandbox = (change: Partial<AccountSnapshot> = {}) =>
  new LogBook().account(START, { plan: 'sandbox', ...change });

describe('invitations to upgrade', () => {
  it.each([
    [99, 0],
    [100, 1],
    [250, 1],
  ])('%i chats of a sandbox month make %i', (chats, invitations) => {
    expect(of(sandbox().chats(chats, TEN)).invitations).toHaveLength(invitations);
  });

  it('are one a month, whichever limit is reached first, and one more in the next', () => {
    const log = sandbox().sessions(100, TEN, { ws: 'w2' }).chats(100, TEN).sessions(100, TEN);
    expect(of(log).invitations).toMatchObject([
      { rule: 'sessions-per-month', workspaceId: 'w2', level: 100, status: 'DUE', createdAt: TEN },
    ]);
    expect(of(log.chats(100, JUNE)).invitations.map(({ start }) => start)).toEqual([START, JUNE]);
  });

  it('are suppressed where the account is not active or the month is over', () => {
    const reasons = (log: LogBook) => of(log).invitations.map(({ reason }) => reason);
    expect(reasons(sandbox({ status: 'SUSPENDED' }).chats(100, TEN))).toEqual(['account-not-active']);
    expect(reasons(sandbox().chats(100, TEN, { arrivedAt: JUNE }))).toEqual(['window-ended']);
  });

  it('are taken back by an upgrade and return with the plan', () => {
    const log = sandbox()
      .chats(100, TEN)
      .account(TEN + HOUR, { revision: 2, plan: 'pro' });
    expect(of(log).invitations.map(({ status }) => status)).toEqual(['CANCELLED']);
    expect(of(log, { sentAt: () => TEN + 1 }).invitations.map(({ status }) => status)).toEqual(['DUE']);
    log.account(TEN + DAY, { revision: 3, plan: 'sandbox' });
    expect(of(log).invitations.map(({ status }) => status)).toEqual(['CANCELLED', 'DUE']);
  });
});

describe('the service limit of the sandbox', () => {
  it('holds from the hundredth chat to the end of the month', () => {
    expect(of(sandbox().chats(99, TEN)).measures).toEqual([]);
    expect(
      of(
        sandbox()
          .chats(99, TEN)
          .chats(5, TEN + HOUR),
      ).measures,
    ).toMatchObject([{ status: 'APPLIED', limit: 100, effectiveFrom: TEN + HOUR, effectiveUntil: JUNE }]);
    expect(of(sandbox().chats(100, TEN, { arrivedAt: JUNE })).measures).toEqual([]);
  });

  it('is lifted by an upgrade in its month, not by a later one', () => {
    const upgraded = (time: number) =>
      of(sandbox().chats(100, TEN).account(time, { revision: 2, plan: 'pro' })).measures;
    expect(upgraded(TEN + DAY)).toMatchObject([{ status: 'LIFTED', effectiveUntil: TEN + DAY }]);
    expect(upgraded(JUNE)).toMatchObject([{ status: 'APPLIED', effectiveUntil: JUNE }]);
  });
});

describe('growing overages', () => {
  const steps = (bytes: number, arrivedAt = TEN) =>
    of(new LogBook().account(START).upload(bytes, TEN, 'u1', arrivedAt)).overageSteps.map(
      ({ kind, stepPercent }) => `${kind} ${String(stepPercent)}`,
    );

  it.each([
    [1_000, []],
    [1_001, ['STARTED 100']],
    [1_249, ['STARTED 100']],
    [1_250, ['STARTED 100', 'GREW 125']],
    [1_999, ['STARTED 100', 'GREW 125', 'GREW 150']],
    [2_000, ['STARTED 100', 'GREW 125', 'GREW 150', 'GREW 200']],
    [10_000, ['STARTED 100', 'GREW 125', 'GREW 150', 'GREW 200', 'GREW 300', 'GREW 500', 'GREW 1000']],
  ])('%i bytes of 1,000 pass %j', (bytes, expected) => {
    expect(steps(bytes)).toEqual(expected);
  });

  it('end at once where the window had ended, and nothing follows', () => {
    const late = new LogBook().account(START).sessions(10_001, TEN, { arrivedAt: JUNE });
    late.sessions(5_000, TEN, { arrivedAt: JUNE });
    expect(of(late).overageSteps).toMatchObject([
      { kind: 'STARTED', used: 10_001 },
      { kind: 'CLOSED', used: 10_001 },
    ]);
  });
});

describe('files and conditions', () => {
  const MIB = 1024 ** 2;

  it('violate with each file above 5 MiB, once', () => {
    const log = new LogBook()
      .account(START)
      .upload(5 * MIB, TEN, 'u1')
      .upload(5 * MIB + 1, TEN, 'u2');
    expect(of(log.upload(6 * MIB, TEN, 'u2')).largeFiles).toMatchObject([
      { rule: 'file-size', workspaceId: 'w1', sizeBytes: 5 * MIB + 1, occurredAt: TEN },
    ]);
  });

  const workspace = (workspaceId: string, company: string | null = null) => ({
    workspaceId,
    name: workspaceId,
    websites: [{ domain: `${workspaceId}.example.com`, company }],
  });
  const facts = (...snapshots: Partial<AccountSnapshot>[]) => {
    const log = new LogBook();
    snapshots.forEach((one, index) => log.account(START + index, { revision: index + 1, ...one }));
    return of(log).brokenConditions.map(
      ({ rule, fact, closedAt }) =>
        `${rule} ${fact}${closedAt === null ? '' : ` until ${String(closedAt - START)}`}`,
    );
  };

  it('allow one workspace on ltd, from fact to end', () => {
    const ltd = { plan: 'ltd', workspaces: [workspace('w1')] };
    const two = { plan: 'ltd', workspaces: [workspace('w1'), workspace('w2')] };
    expect(facts(ltd)).toEqual([]);
    expect(facts(ltd, two, two, ltd, two)).toEqual([
      'one-workspace more than one until 3',
      'one-workspace more than one',
    ]);
    expect(facts({ ...two, plan: 'pro', isDeal: true })).toEqual([]);
  });

  it('compare companies of websites trimmed and without case', () => {
    const ltd = (company: string | null, theirs: string) =>
      facts({ plan: 'ltd', company, workspaces: [workspace('w1', theirs)] });
    expect(ltd('Example Tours', ' EXAMPLE tours ')).toEqual([]);
    expect(ltd('Example Tours', 'Sample Books')).toEqual(['own-websites w1 w1.example.com']);
    expect(ltd(null, 'Sample Books')).toEqual([]);
  });

  it('keep deals and ltd with their owner and away from agencies', () => {
    const deal = { plan: 'pro', isDeal: true };
    expect(facts(deal, { ...deal, ownerId: 'o2' }, deal)).toEqual(['not-transferable o2 until 2']);
    expect(facts({ plan: 'pro' }, { ...deal, ownerId: 'o2' })).toEqual([]);
    expect(facts({ ...deal, customerType: 'AGENCY' })).toEqual(['eligible-customer AGENCY']);
    expect(facts({ plan: 'pro', customerType: 'AGENCY' })).toEqual([]);
  });
});

it('lets no event that counts nothing come too late or wait for an account', () => {
  const log = new LogBook();
  const value = { eventId: 'e1', accountId: 'a1', notificationId: null, channel: 'email', occurredAt: START };
  const ended = { eventId: 'e2', accountId: 'a1', workspaceId: 'w1', botId: 'b1', sessionId: 's1' };
  log.add({ topic: 'platform.replies.v1', value }, START + 40 * DAY);
  log.add(
    { topic: 'platform.sessions.v1', value: { ...ended, type: 'ENDED', occurredAt: START } },
    START + 40 * DAY,
  );
  expect(of(log)).toMatchObject({ counted: 0, parked: 0, deadLetters: [] });
});
