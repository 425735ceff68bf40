import { describe, expect, it } from '@jest/globals';
import type { Emission } from '../../src/simulation/platform/emission.js';
import { newPlatform, Platform, type PlatformState } from '../../src/simulation/platform/platform.js';
import { SCENE_ACCOUNTS } from '../../src/simulation/platform/sceneAccounts.js';
import { recount } from '../../src/simulation/truth/recount.js';
import type { LogEntry } from '../../src/simulation/truth/types.js';
import { at, DAY, MINUTE } from './logs.js';

function entryOf(emission: Emission, offset: number, arrivedAt: number): LogEntry {
  const place = { topic: emission.topic, partition: 0, offset, arrivedAt };
  if ('bytes' in emission) {
    const closes = emission.bytes === null && emission.topic === 'platform.accounts.v1';
    if (closes) return { ...place, tombstone: emission.key };
    return { ...place, garbage: (emission.bytes?.length ?? 0) === 0 ? 'EMPTY' : 'UNDECODABLE' };
  }
  if (emission.damage !== undefined) return { ...place, garbage: 'UNDECODABLE' };
  return { ...place, ...emission };
}

/** Lets a platform run in steps of a quarter second and returns what it published. */
function play(state: PlatformState, start: number, lasts: number, rate = 60): LogEntry[] {
  state.run += 1;
  const platform = new Platform(state, start, rate);
  const log: LogEntry[] = [];
  for (let now = start + 250; now <= start + lasts; now += 250) {
    for (const emission of platform.next(now)) log.push(entryOf(emission, log.length, now));
  }
  return log;
}

const BYTES = { uploadBytesPerYear: 10 * 1024 ** 3 };
const NOON = at('2026-05-20T12:00:00Z');

describe('the simulated platform', () => {
  it('repeats itself with the same seed, and not with another', () => {
    const run = (seed: number) => JSON.stringify(play(newPlatform(seed, NOON), NOON, 20_000));
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });

  it('publishes 40 to 80 events a second when the opening is over', () => {
    const log = play(newPlatform(3, NOON), NOON, 6 * MINUTE);
    const steady = log.filter(({ arrivedAt }) => arrivedAt > NOON + 3 * MINUTE).length / 180;
    expect(steady).toBeGreaterThan(40);
    expect(steady).toBeLessThan(80);
  });

  it('has every plan and one that is none, several zones and languages, and only example addresses', () => {
    const { profiles } = new Platform({ ...newPlatform(3, NOON), run: 1 }, NOON, 60);
    const snapshots = profiles.map(({ snapshot }) => snapshot);
    expect(new Set(snapshots.map(({ plan }) => plan))).toEqual(
      new Set(['sandbox', 'pro', 'unlimited', 'ltd', 'partner-2019']),
    );
    expect(snapshots.length).toBeGreaterThanOrEqual(38);
    expect(snapshots.some(({ isDeal }) => isDeal)).toBe(true);
    expect(new Set(snapshots.map(({ locale }) => locale)).size).toBe(6);
    expect(
      snapshots.flatMap(({ contacts }) => contacts).every(({ email }) => email.endsWith('.example.com')),
    ).toBe(true);
  });

  it('makes all that goes wrong', () => {
    const log = play(newPlatform(3, NOON), NOON, 8 * MINUTE, 20);
    const truth = recount(log, BYTES);
    expect(new Set(truth.deadLetters.map(({ reason }) => reason))).toEqual(
      new Set(['UNDECODABLE', 'EMPTY', 'INVALID', 'TOO_LATE', 'FUTURE']),
    );
    const published = log.filter((entry) => 'value' in entry).length;
    expect(truth.counted).toBeGreaterThan(0);
    expect(truth.counted).toBeLessThan(published);
    expect(log.some((entry) => 'tombstone' in entry)).toBe(true);
  });
});

describe.each([
  '2026-05-20T12:00:00Z',
  '2026-05-01T00:05:00Z',
  '2026-05-31T23:50:00Z',
  '2026-12-31T23:58:40Z',
  '2027-03-01T00:00:00Z',
  '2028-03-10T09:59:30Z',
  '2026-03-29T00:59:30Z',
  '2026-10-25T00:59:30Z',
])('the opening scenes from %s', (text) => {
  const start = at(text);
  const state = newPlatform(1, start);
  const truth = recount(play(state, start, 2.5 * MINUTE), BYTES);
  const levels = (accountId: string) =>
    truth.crossings
      .filter((crossing) => crossing.accountId === accountId && !crossing.continuesEpisode)
      .map(({ rule, level }) => `${rule} ${String(level)}`);

  it('take an account past 80 % of its hourly chats', () => {
    expect(levels(SCENE_ACCOUNTS.chatsNearLimit)).toEqual(['chats-per-hour 80']);
  });

  it('take one past 80 % and one past 100 % of its monthly sessions', () => {
    expect(levels(SCENE_ACCOUNTS.sessionsNearLimit)).toEqual(['sessions-per-month 80']);
    expect(levels(SCENE_ACCOUNTS.sessionsOverLimit)).toEqual([
      'sessions-per-month 80',
      'sessions-per-month 100',
    ]);
    expect(truth.overages.map(({ accountId }) => accountId)).toEqual([SCENE_ACCOUNTS.sessionsOverLimit]);
  });

  it('take one past 80 % of its tickets, and one past 80 % of an hour that was long over', () => {
    expect(levels(SCENE_ACCOUNTS.ticketsNearLimit)).toEqual(['tickets-per-month 80']);
    expect(levels(SCENE_ACCOUNTS.lateBurst)).toEqual(['chats-per-hour 80']);
  });

  it('warn each of them once', () => {
    const mailed = truth.notices.filter(({ status }) => status === 'DUE').map(({ accountId }) => accountId);
    const { chatsNearLimit, sessionsNearLimit, sessionsOverLimit, ticketsNearLimit, lateBurst } =
      SCENE_ACCOUNTS;
    expect(mailed.sort()).toEqual(
      [chatsNearLimit, sessionsNearLimit, sessionsOverLimit, ticketsNearLimit, lateBurst].sort(),
    );
  });

  it('invite two accounts at 100 chats and limit their service, one until it upgrades', () => {
    const { sandboxFull, outgrown } = SCENE_ACCOUNTS;
    expect(truth.invitations.map(({ accountId }) => accountId).sort()).toEqual([outgrown, sandboxFull]);
    const measures = truth.measures.map(({ accountId, status }) => `${accountId} ${status}`);
    expect(measures.sort()).toEqual([`${outgrown} LIFTED`, `${sandboxFull} APPLIED`]);
  });

  it('break a condition for a while, and send a file that is too large', () => {
    const { secondWorkspace, largeFile } = SCENE_ACCOUNTS;
    const broken = truth.brokenConditions.filter(({ accountId }) => accountId === secondWorkspace);
    expect(broken).toEqual([expect.objectContaining({ rule: 'one-workspace' })]);
    expect(broken[0]?.closedAt).toBeGreaterThan(start);
    const files = truth.largeFiles.filter(({ accountId }) => accountId === largeFile);
    expect(files.map(({ fileName }) => fileName)).toContain('holiday-film.mp4');
  });

  it('are not played again', () => {
    const again = play(structuredClone(state), start + DAY, 10_000);
    const ours = Object.values<string>(SCENE_ACCOUNTS);
    const events = again.filter((entry) => 'value' in entry && ours.includes(entry.value.accountId));
    expect(events.length).toBeLessThan(40);
  });
});

it('goes on with its scenes where a restart interrupted them', () => {
  const state = newPlatform(1, NOON);
  const first = play(state, NOON, 33_000);
  const later = NOON + 3 * 60 * MINUTE;
  const truth = recount([...first, ...play(structuredClone(state), later, 2 * MINUTE)], BYTES);
  const bursts = truth.crossings.filter(({ accountId }) => accountId === SCENE_ACCOUNTS.lateBurst);
  expect(bursts.map(({ level }) => level)).toEqual([80]);
  const tickets = truth.crossings.filter(({ accountId }) => accountId === SCENE_ACCOUNTS.ticketsNearLimit);
  expect(tickets.map(({ rule, level }) => [rule, level])).toEqual([['tickets-per-month', 80]]);
  const lifted = truth.measures.filter(({ accountId }) => accountId === SCENE_ACCOUNTS.outgrown);
  expect(lifted.map(({ status }) => status)).toEqual(['LIFTED']);
});

it('keeps the busy hour below its limit for ten minutes', () => {
  const truth = recount(play(newPlatform(1, NOON), NOON, 10 * MINUTE), BYTES);
  const busy = truth.windows.filter(
    ({ accountId, rule }) => accountId === SCENE_ACCOUNTS.chatsNearLimit && rule === 'chats-per-hour',
  );
  expect(busy.map(({ peak60m }) => peak60m)).toEqual([expect.any(Number)]);
  expect(busy[0]?.peak60m).toBeLessThan(2_000);
});
