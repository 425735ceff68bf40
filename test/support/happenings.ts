import fc from 'fast-check';
import type { AccountSnapshot } from '../../src/simulation/records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** One thing that happens on the platform; `wait` passes before it arrives. */
export type Happening = { wait: number; account: number } & (
  | {
      kind: 'burst';
      what: 'chats' | 'sessions' | 'tickets';
      count: number;
      late: number;
      gap: number;
      ws: number;
    }
  | { kind: 'upload'; bytes: number; late: number; ws: number }
  | { kind: 'again'; back: number; newEventId: boolean; shift: number }
  | { kind: 'snapshot'; plan: string; status: AccountSnapshot['status']; zone: string; anchor: number | null }
  | { kind: 'tombstone' }
);

const ZONES = [
  'UTC',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'Pacific/Auckland',
];
const PLANS = ['sandbox', 'pro', 'unlimited', 'ltd', 'mystery'];

const wait = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 * MINUTE }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 70 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: HOUR, max: 26 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: DAY, max: 36 * DAY }) },
);
const late = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -9 * MINUTE, max: 70 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: HOUR, max: 34 * DAY }) },
);
const count = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: 15, max: 110 }) },
  { weight: 2, arbitrary: fc.constantFrom(790, 800, 1_000, 1_599, 1_600, 1_999, 2_000, 2_100) },
);

/** Happenings of up to three accounts with up to three workspaces each. */
export function happenings(maxLength: number): fc.Arbitrary<Happening[]> {
  const base = { wait, account: fc.integer({ min: 0, max: 2 }) };
  const snapshot = fc.record({
    ...base,
    kind: fc.constant('snapshot' as const),
    plan: fc.constantFrom(...PLANS),
    status: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'SUSPENDED' as const, 'UNKNOWN' as const),
    zone: fc.constantFrom(...ZONES),
    anchor: fc.constantFrom(null, 1, 15, 30, 31),
  });
  const burst = fc.record({
    ...base,
    kind: fc.constant('burst' as const),
    what: fc.constantFrom('chats' as const, 'chats' as const, 'sessions' as const, 'tickets' as const),
    count,
    late,
    gap: fc.constantFrom(0, 1, 999, 2_000),
    ws: fc.integer({ min: 0, max: 2 }),
  });
  const upload = fc.record({
    ...base,
    kind: fc.constant('upload' as const),
    bytes: fc.constantFrom(0, 1, 199, 400, 799, 800, 1_000, 2_500),
    late,
    ws: fc.integer({ min: 0, max: 2 }),
  });
  const again = fc.record({
    ...base,
    kind: fc.constant('again' as const),
    back: fc.integer({ min: 0, max: 2_000 }),
    newEventId: fc.boolean(),
    shift: fc.constantFrom(0, 0, 1, HOUR, -HOUR),
  });
  const tombstone = fc.record({ ...base, kind: fc.constant('tombstone' as const) });
  const one: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 9, arbitrary: burst },
    { weight: 3, arbitrary: upload },
    { weight: 3, arbitrary: again },
    { weight: 5, arbitrary: snapshot },
    { weight: 1, arbitrary: tombstone },
  );
  return fc.array(one, { minLength: 1, maxLength, size: 'max' });
}

/** A busy account alone: hour after hour near its limit, so that episodes, cooldowns and re-judging meet. */
export function hotHappenings(maxLength: number): fc.Arbitrary<Happening[]> {
  const base = { wait: fc.integer({ min: 0, max: 5 * HOUR }), account: fc.constant(0) };
  const burst = fc.record({
    ...base,
    kind: fc.constant('burst' as const),
    what: fc.constant('chats' as const),
    count: fc.constantFrom(400, 1_600, 2_000),
    late: fc.constantFrom(0, 0, -9 * MINUTE, HOUR, 3 * HOUR, 26 * HOUR),
    gap: fc.constantFrom(0, 500),
    ws: fc.integer({ min: 0, max: 1 }),
  });
  const snapshot = fc.record({
    ...base,
    kind: fc.constant('snapshot' as const),
    plan: fc.constantFrom('pro', 'ltd', 'sandbox'),
    status: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'SUSPENDED' as const),
    zone: fc.constant('UTC'),
    anchor: fc.constant(null),
  });
  const one: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 3, arbitrary: burst },
    { weight: 1, arbitrary: snapshot },
  );
  return fc
    .tuple(snapshot, fc.array(one, { minLength: 2, maxLength, size: 'max' }))
    .map(([first, rest]) => [first, ...rest]);
}
