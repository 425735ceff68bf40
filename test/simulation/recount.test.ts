import { describe, expect, it } from '@jest/globals';
import { recount } from '../../src/simulation/truth/recount.js';
import { at, DAY, HOUR, LogBook, MINUTE, OPTIONS } from './logs.js';

const TEN = at('2026-05-20T10:00:00Z');
const START = at('2026-05-01T00:00:00Z');
const book = () => new LogBook().account(START);
const of = (log: LogBook, options = {}) => recount(log.entries, { ...OPTIONS, ...options });

describe('levels', () => {
  it.each([
    [1_599, [], []],
    [1_600, [80], [80]],
    [1_999, [80], [80]],
    [2_000, [80, 100], [80]],
  ])('%i chats in an hour reach %j and send %j', (chats, levels, mailed) => {
    const truth = of(book().chats(chats, TEN));
    expect(truth.crossings.map(({ level }) => level)).toEqual(levels);
    expect(truth.notices.map(({ level }) => level)).toEqual(mailed);
    expect(truth.violations).toHaveLength(levels.includes(100) ? 1 : 0);
    expect(truth.overages).toEqual([]);
  });

  it('names the event that took the figure there', () => {
    const truth = of(book().chats(1_600, TEN));
    expect(truth.crossings[0]).toMatchObject({ used: 1_600, crossedAt: TEN, causeEventId: 'e1600' });
  });

  it('makes one warning of level 100 when one upload passes both', () => {
    const truth = of(book().upload(1_000, TEN, 'u1'));
    expect(truth.crossings.map(({ level, used }) => [level, used])).toEqual([
      [80, 1_000],
      [100, 1_000],
    ]);
    expect(truth.notices.map(({ level, status }) => [level, status])).toEqual([[100, 'DUE']]);
    expect(truth.overages).toEqual([]);
  });

  it('starts an overage above the limit of a month, not at it', () => {
    expect(of(book().sessions(10_000, TEN)).overages).toEqual([]);
    expect(of(book().sessions(10_001, TEN)).overages).toMatchObject([{ used: 10_001, limit: 10_000 }]);
  });

  it('never warns the sandbox, but records the violation', () => {
    const truth = of(new LogBook().account(START, { plan: 'sandbox' }).chats(101, TEN));
    const monthly = truth.crossings.filter(({ rule }) => rule === 'chats-per-month');
    expect(monthly.map(({ level }) => level)).toEqual([100]);
    expect(truth.notices).toEqual([]);
    expect(truth.violations).toHaveLength(1);
    expect(truth.overages).toEqual([]);
  });

  it('gives ltd its chats per workspace and sessions without a limit', () => {
    const log = new LogBook().account(START, { plan: 'ltd' });
    const truth = of(log.chats(1_599, TEN, { ws: 'w1' }).chats(1_599, TEN, { ws: 'w2' }).sessions(3, TEN));
    expect(truth.crossings).toEqual([]);
    expect(
      truth.windows.map(({ rule, workspaceId, used, limit }) => [rule, workspaceId, used, limit]),
    ).toEqual([
      ['chats-per-hour', 'w1', 1_599, 2_000],
      ['chats-per-hour', 'w2', 1_599, 2_000],
      ['sessions-per-month', 'w1', 3, null],
    ]);
  });
});

describe('rolling hours', () => {
  it('sums sixty minutes over the edge of the hour', () => {
    const truth = of(
      book()
        .chats(900, TEN - 30 * MINUTE)
        .chats(700, TEN + 29 * MINUTE),
    );
    expect(truth.windows.map(({ used, peak60m }) => [used, peak60m])).toEqual([
      [900, 900],
      [700, 1_600],
    ]);
    expect(truth.crossings).toMatchObject([{ level: 80, used: 1_600, start: TEN }]);
  });

  it('lets the sixty-first minute go', () => {
    const truth = of(
      book()
        .chats(900, TEN - 30 * MINUTE)
        .chats(700, TEN + 30 * MINUTE),
    );
    // The first minute of the hour still sees the 900 of half past.
    expect(truth.windows.map(({ peak60m }) => peak60m)).toEqual([900, 900]);
    expect(truth.crossings).toEqual([]);
  });

  it('lifts the following hour by a late event, where that one has events', () => {
    const log = book()
      .chats(1_000, TEN + 5 * MINUTE)
      .chats(600, TEN - 10 * MINUTE, { arrivedAt: TEN + 30 * MINUTE });
    const truth = of(log);
    expect(truth.crossings).toMatchObject([
      { start: TEN, causeEventId: 'e1600', crossedAt: TEN - 10 * MINUTE },
    ]);
    const alone = of(book().chats(1_600, TEN));
    expect(alone.windows).toHaveLength(1);
  });

  it('makes three episodes of 51 hours', () => {
    const log = book();
    for (let hour = 0; hour < 51; hour += 1) log.chats(1_600, TEN + hour * HOUR + 30 * MINUTE);
    const truth = of(log);
    expect(truth.crossings).toHaveLength(51);
    const first = truth.crossings.filter((crossing) => !crossing.continuesEpisode);
    expect(first.map(({ start }) => (start - TEN) / HOUR)).toEqual([0, 24, 48]);
    expect(truth.notices.map(({ status }) => status)).toEqual(['DUE', 'DUE', 'DUE']);
  });

  it('joins the episode of the hour after it', () => {
    const log = book()
      .chats(2_000, TEN + HOUR + MINUTE)
      .chats(2_000, TEN + MINUTE, { arrivedAt: TEN + HOUR + 2 * MINUTE });
    expect(of(log).crossings.map(({ level, continuesEpisode }) => [level, continuesEpisode])).toEqual([
      [80, false],
      [100, false],
      [80, true],
      [100, true],
    ]);
    expect(of(log).violations).toHaveLength(1);
  });
});

describe('warnings', () => {
  const twice = (gap: number) =>
    book()
      .chats(1_600, TEN)
      .chats(1_600, TEN + gap);

  it('waits 24 hours between two of the same scope and rule', () => {
    expect(of(twice(DAY - 1)).notices.map(({ reason }) => reason)).toEqual([null, 'cooldown']);
    expect(of(twice(DAY)).notices.map(({ reason }) => reason)).toEqual([null, null]);
  });

  it('does not count a failed one, and issues what it held back', () => {
    const log = twice(5 * HOUR).account(TEN + 9 * HOUR, { revision: 1 });
    const failedAt = ({ createdAt }: { createdAt: number }) => (createdAt === TEN ? TEN + 6 * HOUR : null);
    expect(of(log, { failedAt }).notices.map(({ status }) => status)).toEqual(['FAILED', 'DUE']);
  });

  it('does not tell of a window that has ended', () => {
    const late = (hours: number) => book().chats(1_600, TEN, { arrivedAt: TEN + hours * HOUR });
    expect(of(late(24.9)).notices[0]?.status).toBe('DUE');
    expect(of(late(25)).notices[0]).toMatchObject({ status: 'SUPPRESSED', reason: 'window-ended' });
    const month = book().sessions(8_000, at('2026-05-20T10:00:00Z'), {
      arrivedAt: at('2026-06-01T00:00:00Z'),
    });
    expect(of(month).notices[0]?.reason).toBe('window-ended');
  });

  it('does not tell suspended accounts, but judges them', () => {
    const truth = of(new LogBook().account(START, { status: 'SUSPENDED' }).chats(2_000, TEN));
    expect(truth.notices[0]?.reason).toBe('account-not-active');
    expect(truth.violations).toHaveLength(1);
  });

  it('takes an unsent one back when the new plan makes it untrue, and a sent one not', () => {
    const log = book()
      .sessions(8_000, TEN)
      .account(TEN + HOUR, { revision: 2, plan: 'unlimited' });
    expect(of(log).notices[0]?.status).toBe('CANCELLED');
    expect(of(log, { sentAt: () => TEN + MINUTE }).notices[0]?.status).toBe('DUE');
    expect(of(log, { sentAt: () => TEN + 2 * HOUR }).notices[0]?.status).toBe('CANCELLED');
    log.account(TEN + 2 * HOUR, { revision: 3, plan: 'pro' });
    expect(of(log).notices.map(({ status, ordinal }) => [status, ordinal])).toEqual([
      ['CANCELLED', 0],
      ['DUE', 1],
    ]);
    expect(of(log).crossings).toHaveLength(1);
  });
});

describe('ids and time', () => {
  it('counts an id once a month, where it was first seen', () => {
    const next = at('2026-06-01T10:00:00Z');
    const log = book()
      .chats(1, TEN, { id: 'x' })
      .chats(2, TEN + DAY, { id: 'x' })
      .chats(1, next, { id: 'x' });
    const hours = of(log).windows;
    expect(hours.map(({ start, used }) => [start, used])).toEqual([
      [TEN, 1],
      [next, 1],
    ]);
  });

  it('puts the late, the early and the broken into the dead letters', () => {
    const late = TEN + 35 * DAY;
    const log = book()
      .chats(1, TEN, { arrivedAt: late })
      .chats(1, TEN, { arrivedAt: late + 1 })
      .chats(1, TEN, { arrivedAt: TEN - 10 * MINUTE })
      .chats(1, TEN, { arrivedAt: TEN - 10 * MINUTE - 1 })
      .chats(1, TEN, { id: 'with\0zero' })
      .chats(1, TEN, { id: 'x'.repeat(201) })
      .chats(1, TEN, { id: '' })
      .upload(-1, TEN, 'u1')
      .garbage('platform.chats.v1', 'EMPTY', TEN);
    const truth = of(log);
    expect(truth.counted).toBe(2);
    expect(truth.deadLetters.map(({ reason }) => reason)).toEqual([
      'TOO_LATE',
      'FUTURE',
      'INVALID',
      'INVALID',
      'INVALID',
      'INVALID',
      'EMPTY',
    ]);
  });

  it('keeps events until their account is known', () => {
    const log = new LogBook().chats(1_600, TEN);
    expect(of(log)).toMatchObject({ counted: 0, parked: 1_600 });
    log.account(TEN + 5 * MINUTE);
    const truth = of(log);
    expect(truth).toMatchObject({ counted: 1_600, parked: 0 });
    expect(truth.notices[0]).toMatchObject({ createdAt: TEN + 5 * MINUTE, status: 'DUE' });
    expect(of(new LogBook().chats(2, TEN).account(TEN + 35 * DAY + 1)).deadLetters).toHaveLength(2);
  });
});

describe('accounts', () => {
  it('ignores older revisions, and takes any after a tombstone', () => {
    const plans = (log: LogBook) => of(log.sessions(1, TEN)).windows.map(({ plan }) => plan);
    const known = () => new LogBook().account(START, { revision: 5 });
    expect(plans(known().account(START, { revision: 4, plan: 'ltd' }))).toEqual(['pro']);
    expect(plans(known().account(START, { revision: 5, plan: 'ltd' }))).toEqual(['ltd']);
    expect(plans(known().account(START, { revision: 6, plan: 'ltd' }))).toEqual(['ltd']);
    expect(plans(known().tombstone('a1', START).account(START, { revision: 1, plan: 'ltd' }))).toEqual([
      'ltd',
    ]);
  });

  it('judges an ended window by the plan at its end', () => {
    const may = at('2026-05-31T10:00:00Z');
    const june = at('2026-06-02T10:00:00Z');
    const log = book()
      .account(june, { revision: 2, plan: 'sandbox' })
      .sessions(100, may, { arrivedAt: june })
      .sessions(99, june);
    expect(of(log).crossings).toEqual([]);
    expect(of(log).windows.map(({ limit, plan }) => [limit, plan])).toEqual([
      [10_000, 'pro'],
      [100, 'sandbox'],
    ]);
  });

  it('judges the open windows when the plan changes', () => {
    const changed = TEN + HOUR / 2;
    const log = new LogBook()
      .account(START, { plan: 'ltd' })
      .chats(120, TEN, { ws: 'w1' })
      .chats(30, TEN, { ws: 'w2' })
      .account(changed, { revision: 2, plan: 'sandbox', updatedAt: changed - 5 });
    const truth = of(log.chats(1, changed, { ws: 'w1' }));
    expect(truth.crossings).toMatchObject([
      { rule: 'chats-per-month', level: 100, used: 150, causeEventId: null, crossedAt: changed - 5 },
    ]);
    const rows = truth.windows.map(({ rule, workspaceId, used, limit }) => [rule, workspaceId, used, limit]);
    expect(rows).toEqual([
      ['chats-per-hour', 'w1', 121, null],
      ['chats-per-hour', 'w2', 30, null],
      ['chats-per-hour', null, 151, 2_000],
      ['chats-per-month', null, 151, 100],
    ]);
  });
});
