import { describe, expect, it } from '@jest/globals';
import { recount } from '../../../src/simulation/truth/recount.js';
import type { Truth } from '../../../src/simulation/truth/types.js';
import { consequencesOf } from '../../support/consequences.js';
import { comparable, resultsOf, UPLOAD_BYTES } from '../../support/engineLog.js';
import { BEGIN, entriesOf } from '../../support/happenedLog.js';
import type { Happening } from '../../support/happenings.js';
import { MemoryEngine } from '../../support/memoryEngine.js';
import { versionsAt } from '../../support/versions.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const base = { wait: MINUTE, account: 0 };

const known = (plan: string, wait = MINUTE): Happening => ({
  ...{ ...base, wait, kind: 'snapshot', plan },
  ...{ status: 'ACTIVE', zone: 'UTC', anchor: null },
});
const burst = (what: 'chats' | 'sessions', count: number, late = 0, wait = MINUTE): Happening => ({
  ...{ ...base, wait, kind: 'burst', what, count, late, gap: 0, ws: 0 },
});
const grant = (
  rule: 'chats-per-hour' | 'sessions-per-month' | 'chats-per-month',
  extra: number,
): Happening => ({
  ...{ ...base, kind: 'grant', rule, extra, starts: -HOUR, lasts: 40 * DAY },
});
const withdraw: Happening = { ...base, kind: 'withdraw', back: 0 };

/** Plays it to both sides, expects them to agree and returns what the recount says. */
function agreed(happened: readonly Happening[], version = 0): Truth {
  const { policy, later } = versionsAt(version);
  const log = entriesOf(happened);
  const until = log.at(-1)?.arrivedAt ?? 0;
  const engine = new MemoryEngine(policy).run(log).followPolicy(until);
  const truth = recount(log, { uploadBytesPerYear: UPLOAD_BYTES, laterVersions: later, until });
  expect(comparable(engine.results())).toEqual(comparable(resultsOf(truth)));
  expect(engine.consequences()).toEqual(consequencesOf(truth));
  return truth;
}

const warned = ({ notices }: Truth) => notices.map(({ limit, status }) => `${String(limit)} ${status}`);
const steps = ({ overageSteps }: Truth) =>
  overageSteps.map(({ kind, limit, stepPercent }) => `${kind} ${String(stepPercent)} of ${String(limit)}`);

describe('an hour whose warning was taken back by an allowance', () => {
  const raised = [known('pro'), burst('chats', 1_600), grant('chats-per-hour', 400)];

  it('is warned of when 80 % of the raised limit is reached: one episode makes one notice', () => {
    expect(warned(agreed(raised))).toEqual(['2000 CANCELLED']);
    expect(warned(agreed([...raised, burst('chats', 320)]))).toEqual(['2000 CANCELLED', '2400 DUE']);
  });

  it('is warned of again when the allowance is withdrawn', () => {
    expect(warned(agreed([...raised, withdraw]))).toEqual(['2000 CANCELLED', '2000 DUE']);
    expect(warned(agreed([...raised, burst('chats', 320), withdraw]))).toEqual([
      '2000 CANCELLED',
      '2400 CANCELLED',
      '2000 DUE',
    ]);
  });
});

describe('a month', () => {
  it('starts its overage anew when a raised limit is surpassed too', () => {
    const happened = [known('sandbox'), burst('sessions', 110), grant('sessions-per-month', 30)];
    expect(steps(agreed([...happened, burst('sessions', 25)]))).toEqual([
      'STARTED 100 of 100',
      'STARTED 100 of 130',
    ]);
  });

  it('lifts the service limit by an allowance, applies it again when that is withdrawn', () => {
    const happened = [known('sandbox'), burst('chats', 100), grant('chats-per-month', 50)];
    expect(agreed(happened).measures.map(({ status }) => status)).toEqual(['LIFTED']);
    const { measures } = agreed([...happened, withdraw]);
    expect(measures.map(({ status }) => status)).toEqual(['LIFTED', 'APPLIED']);
  });

  it('that has ended closes at once what surpasses its limit only then, and not what did before', () => {
    const late = (count: number) => burst('sessions', count, 5 * DAY, 5 * DAY);
    expect(steps(agreed([known('sandbox'), burst('sessions', 90), late(20)]))).toEqual([
      'STARTED 100 of 100',
      'CLOSED 100 of 100',
    ]);
    expect(steps(agreed([known('sandbox'), burst('sessions', 110), late(20)]))).toEqual([
      'STARTED 100 of 100',
      'GREW 125 of 100',
    ]);
  });
});

it('the month that begins next is not opened by settings that arrive just before it, so that later ones still apply to it', () => {
  const settings = (zone: string, anchor: number | null, wait: number): Happening => ({
    ...{ ...base, wait, kind: 'snapshot', plan: 'sandbox', status: 'ACTIVE', zone, anchor },
  });
  const lastMinutes = Date.parse('2026-05-31T23:55:00Z') - BEGIN;
  const happened = [
    settings('UTC', 1, MINUTE),
    settings('UTC', null, lastMinutes - MINUTE),
    settings('Europe/Berlin', 31, MINUTE),
    burst('chats', 1, 0, 10 * DAY),
  ];
  const { windows } = agreed(happened);
  const month = windows.find(({ rule }) => rule === 'chats-per-month');
  // June ends at midnight in Berlin of its last day: the 31st, clamped.
  expect(new Date(month?.end ?? 0).toISOString()).toBe('2026-06-29T22:00:00.000Z');
});

it('names a late event that lifts the next hour, though its own hour had a plan of another scope', () => {
  const happened = [known('ltd'), known('pro'), burst('chats', 1_600), burst('chats', 400, HOUR)];
  const { crossings } = agreed(happened);
  expect(crossings.map(({ level, causeEventId }) => [level, causeEventId])).toEqual([
    [80, 'e1600'],
    [100, 'e2000'],
  ]);
});

it('an effective date judges open windows anew, as of that date', () => {
  // The version after 100 minutes: 1,700 chats an hour instead of 2,000.
  const truth = agreed(
    [known('pro', 85 * MINUTE), burst('chats', 1_400, 0, 10 * MINUTE), burst('chats', 1, 0, 2 * HOUR)],
    1,
  );
  expect(truth.crossings).toMatchObject([
    { limit: 1_700, level: 80, used: 1_400, causeEventId: null, crossedAt: BEGIN + 100 * MINUTE },
  ]);
});

it('an allowance of larger files holds for uploads of its time, whenever they arrive', () => {
  const upload = (megabytes: number, late: number): Happening => ({
    ...{ ...base, kind: 'upload', bytes: megabytes * 1024 ** 2, late, ws: 0 },
  });
  const larger: Happening = {
    ...{ ...base, kind: 'grant', rule: 'file-size', extra: 1024 ** 2, starts: -HOUR, lasts: 2 * HOUR },
  };
  const before = [known('pro'), larger];
  const sizes = (happened: readonly Happening[]) =>
    agreed(happened).largeFiles.map(({ sizeBytes, limit }) => [sizeBytes / 1024 ** 2, limit / 1024 ** 2]);
  expect(sizes([...before, upload(6, 0)])).toEqual([]);
  expect(sizes([...before, upload(7, 0)])).toEqual([[7, 6]]);
  expect(sizes([...before, upload(6, 2 * HOUR)])).toEqual([[6, 5]]);
  expect(sizes([...before, { ...upload(6, 0), wait: 3 * HOUR }])).toEqual([[6, 5]]);
  expect(sizes([...before, { ...upload(6, 3 * HOUR), wait: 3 * HOUR }])).toEqual([]);
  expect(sizes([...before, withdraw, upload(6, 0)])).toEqual([[6, 5]]);
});
