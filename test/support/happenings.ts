import fc from 'fast-check';
import type { AccountSnapshot } from '../../src/simulation/records.js';
import type { Agreement } from '../../src/simulation/truth/types.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1_024 ** 2;

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
  | ({
      kind: 'snapshot';
      plan: string;
      status: AccountSnapshot['status'];
      zone: string;
      anchor: number | null;
    } & Partial<Held>)
  | { kind: 'tombstone' }
  | { kind: 'grant'; rule: Agreement['rule']; extra: number; starts: number; lasts: number }
  | { kind: 'withdraw'; back: number }
);

/** What conditions are judged by. */
type Held = Pick<AccountSnapshot, 'isDeal' | 'customerType' | 'ownerId' | 'company' | 'workspaces'>;

const ZONES = [
  'UTC',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'Pacific/Auckland',
  'Mars/Olympus_Mons',
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

const workspace = fc.record({
  workspaceId: fc.constantFrom('w0', 'w1', 'w2'),
  name: fc.constant('W'),
  websites: fc.array(
    fc.record({
      domain: fc.constantFrom('one.example.com', 'Two.example.com'),
      company: fc.constantFrom(null, 'Example', ' example ', 'Other', ''),
    }),
    { maxLength: 2 },
  ),
});
const held: fc.Arbitrary<Held> = fc.record({
  isDeal: fc.boolean(),
  customerType: fc.constantFrom('COMPANY' as const, 'AGENCY' as const, 'RESELLER' as const),
  ownerId: fc.constantFrom('o1', 'o2'),
  company: fc.constantFrom(null, 'Example', 'Other'),
  workspaces: fc.array(workspace, { maxLength: 3 }),
});

const extras: readonly { rule: Agreement['rule']; extra: number }[] = [
  { rule: 'chats-per-hour', extra: 400 },
  { rule: 'chats-per-hour', extra: 1 },
  { rule: 'sessions-per-month', extra: 30 },
  { rule: 'chats-per-month', extra: 50 },
  { rule: 'chats-per-month', extra: 2_000 },
  { rule: 'tickets-per-month', extra: 1_000 },
  { rule: 'upload-bytes-per-year', extra: 250 },
  { rule: 'file-size', extra: MIB },
];

const hourly = extras.filter(({ rule }) => rule === 'chats-per-hour');

/** What operators agree on, and take back. */
function agreements(
  base: Record<'wait' | 'account', fc.Arbitrary<number>>,
  on: typeof extras = extras,
): fc.Arbitrary<Happening> {
  const grant = fc.record({
    ...base,
    kind: fc.constant('grant' as const),
    of: fc.constantFrom(...on),
    starts: fc.constantFrom(-2 * DAY, -HOUR, 0, HOUR, 5 * DAY),
    lasts: fc.constantFrom(HOUR, 6 * HOUR, 3 * DAY, 40 * DAY),
  });
  const withdraw = fc.record({
    ...base,
    kind: fc.constant('withdraw' as const),
    back: fc.integer({ min: 0, max: 3 }),
  });
  return fc.oneof(
    { weight: 2, arbitrary: grant.map(({ of, ...rest }) => ({ ...rest, ...of })) },
    { weight: 1, arbitrary: withdraw },
  );
}

/** Happenings of up to three accounts with up to three workspaces each. */
export function happenings(maxLength: number): fc.Arbitrary<Happening[]> {
  const base = { wait, account: fc.integer({ min: 0, max: 2 }) };
  const snapshot = fc.record({
    ...base,
    kind: fc.constant('snapshot' as const),
    plan: fc.constantFrom(...PLANS),
    status: fc.constantFrom(...(['ACTIVE', 'ACTIVE', 'ACTIVE', 'SUSPENDED', 'CLOSED', 'UNKNOWN'] as const)),
    zone: fc.constantFrom(...ZONES),
    anchor: fc.constantFrom(null, 1, 15, 30, 31, 0, 42),
    held: fc.option(held, { nil: {} }),
  });
  const snapshotHeld = snapshot.map(({ held: more, ...rest }) => ({ ...rest, ...more }));
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
    bytes: fc.constantFrom(0, 1, 199, 400, 799, 800, 1_000, 2_500, 5 * MIB, 5 * MIB + 1, 6 * MIB + 1),
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
    { weight: 5, arbitrary: snapshotHeld },
    { weight: 1, arbitrary: tombstone },
    { weight: 3, arbitrary: agreements(base) },
  );
  return fc.array(one, { minLength: 1, maxLength, size: 'max' });
}

/** A busy account alone: hour after hour near its limit, so that episodes, cooldowns and re-judging meet. */
export function hotHappenings(maxLength: number): fc.Arbitrary<Happening[]> {
  const base = {
    wait: fc.oneof(fc.integer({ min: 0, max: 10 * MINUTE }), fc.integer({ min: 0, max: 5 * HOUR })),
    account: fc.constant(0),
  };
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
    { weight: 6, arbitrary: burst },
    { weight: 2, arbitrary: snapshot },
    { weight: 3, arbitrary: agreements(base, hourly) },
  );
  return fc
    .tuple(snapshot, fc.array(one, { minLength: 2, maxLength, size: 'max' }))
    .map(([first, rest]) => [first, ...rest]);
}
