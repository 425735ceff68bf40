import * as scenarios from '../scenarios/counting.js';
import type { Scenario } from '../scenarios/counting.js';
import type { Patch } from './build.js';

/** A guard taken out, and the invariant whose message must show it. */
export interface Mutant {
  readonly guard: string;
  /** What is changed, for the table. */
  readonly change: string;
  readonly patches: readonly Patch[];
  readonly scenario: Scenario;
  readonly scenarioName: string;
  readonly invariants: readonly string[];
}

const mutant = (
  guard: string,
  change: string,
  scenarioName: keyof typeof scenarios,
  invariants: readonly string[],
  patches: readonly Patch[],
): Mutant => ({ guard, change, patches, scenario: scenarios[scenarioName], scenarioName, invariants });

const OWN_CONNECTION = `import pg from 'pg';
const own = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
`;

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'offset compare-and-set',
    'the offsets move from wherever they are',
    'zombieCountsLate',
    ['I3'],
    [{ file: 'dist/postgres/counting/offsets.js', from: ' and o.next_offset = s.expected', to: '' }],
  ),
  mutant(
    'crossing key',
    'no primary key on crossings, and no question whether a level is recorded',
    'levelIsPassed',
    ['I4'],
    [
      {
        file: 'migrations/0001_engine.sql',
        from: /,\n {2}primary key \(account_id, rule, workspace_id, window_start, level, limit_value\)/,
        to: '',
      },
      { file: 'dist/domain/judging/judge.js', from: /!hasCrossing\([^)]*\)/g, to: 'true' },
    ],
  ),
  mutant(
    'outbox transaction',
    'outbox rows are written on a connection of their own',
    'killedBeforeCommit',
    ['I5'],
    [
      { file: 'dist/postgres/outbox/append.js', from: /^/, to: OWN_CONNECTION },
      { file: 'dist/postgres/outbox/append.js', from: 'await tx.query(', to: 'await own.query(' },
    ],
  ),
  mutant(
    'delivery key',
    'no primary key on deliveries, and no question whether they were opened',
    'publishedTwice',
    ['I7'],
    [
      {
        file: 'migrations/0001_engine.sql',
        from: /,\n {2}primary key \(account_id, notification_id, recipient_key\)/,
        to: '',
      },
      {
        file: 'dist/roles/mailer/intake.js',
        from: / && deliveries\.get\(notice\.accountId\)\?\.length === 0/,
        to: '',
      },
    ],
  ),
  mutant(
    'account version check',
    'state in memory is used whatever its version',
    'plansChangeElsewhere',
    ['I1'],
    [
      {
        file: 'dist/roles/processor/accountCache.js',
        from: 'state?.version === version ? state : undefined',
        to: 'state',
      },
    ],
  ),
  mutant(
    'late-event path',
    'what is later than an hour is refused',
    'lateEvents',
    ['I1', 'I2'],
    [
      { file: 'dist/kafka/decode/usage.js', from: 'age > LATE_HORIZON_MS', to: 'age > 3_600_000' },
      { file: 'dist/kafka/decode/usageReader.js', from: 'age > LATE_HORIZON_MS', to: 'age > 3_600_000' },
    ],
  ),
  mutant(
    "an attempt's lease",
    'the data begins without asking whose attempt it is',
    'mailerWakesLate',
    ['I7'],
    [
      {
        file: 'dist/postgres/deliveries/attempts.js',
        from: 'return rowCount === 1',
        to: 'return rowCount !== null',
      },
    ],
  ),
  mutant(
    "a relay's shard lock",
    'every relay publishes every shard',
    'relayStalls',
    ['I5'],
    [{ file: 'dist/postgres/locks.js', from: 'filter(({ held }) => held)', to: 'filter(() => true)' }],
  ),
];
