import { execFileSync } from 'node:child_process';
import type { Failpoint } from '../../../src/support/failpoints.js';
import { many, session } from '../../e2e/platform.js';
import type { Scenario } from './counting.js';
import { chats, known, type Stage } from './stage.js';

const DAY = 86_400_000;
/** Far enough for everything: parked events expire, the month is over, and its late horizon too. */
const AHEAD_MS = 75 * DAY;
const POINTS: readonly Failpoint[] = [
  ...(['park.before-commit', 'park.after-commit'] as const),
  ...(['close.before-commit', 'close.after-commit'] as const),
  ...(['drop.before-commit', 'drop.after-commit'] as const),
];

const ahead = (): NodeJS.ProcessEnv => ({ CLOCK_START: new Date(Date.now() + AHEAD_MS).toISOString() });
const isStopped = (pid: number): boolean =>
  execFileSync('ps', ['-o', 'state=', '-p', String(pid)])
    .toString()
    .startsWith('T');

async function count(stage: Stage, sql: string): Promise<number> {
  return (await stage.servers.rows(sql)).length;
}

/** A figure that is not what it must be, in words. */
async function expectRows(stage: Stage, what: string, sql: string, rows: number): Promise<string[]> {
  const found = await count(stage, sql);
  return found === rows ? [] : [`${what}: ${found} instead of ${rows}`];
}

/**
 * Schedulers that live 75 days ahead die around each of their commits: parked events expire once, the overage is closed
 * once. Then one drops the seen ids of this month while a record of it is being counted.
 */
export const schedulersDie: Scenario = async (stage) => {
  await stage.run('p1', ['processor', 'relay']);
  const sessions = (from: number, to: number) =>
    many(to - from, (n) => session('a1', `s${n}`, Date.now()), from);
  await stage.publish([known('a1', 'sandbox'), ...sessions(0, 110), ...chats('nobody', 3)]);
  await stage.counted();
  for (const point of POINTS) {
    const doomed = stage.fleet.add('s1', ['scheduler'], { ...ahead(), FAILPOINTS: `${point}=kill` });
    await stage.until(`it dies at ${point}`, () => doomed.end !== null);
    await stage.fleet.remove('s1', 'SIGKILL');
  }
  const broken = await dropMeanwhile(stage, () => stage.publish(sessions(110, 115)));
  const letters = "select from dead_letters where reason = 'TOO_LATE'";
  return [
    ...broken,
    ...(await stage.brokenNow()),
    ...(await expectRows(stage, 'I2: parked events', 'select from parked_events', 0)),
    ...(await expectRows(stage, 'I2: expired', `${letters} and detail like 'its account did not%'`, 3)),
    ...(await expectRows(stage, 'I2: came too late', `${letters} and detail like '%is final%'`, 5)),
    ...(await expectRows(stage, 'I4: CLOSED', "select from overages where kind = 'CLOSED'", 1)),
    ...(await expectRows(
      stage,
      'I5: CLOSED in the outbox',
      "select from outbox where record->>'kind' = 'CLOSED'",
      1,
    )),
    ...(await expectRows(stage, 'I1: 110 sessions', 'select from windows where used = 110', 1)),
    ...stage.unexpected.map((what) => `process: ${what}`),
  ];
};

/** Holds a scheduler where it has dropped this month and not committed that, until the processor waits for it. */
async function dropMeanwhile(stage: Stage, publish: () => Promise<void>): Promise<string[]> {
  const month = `seen_ids_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
  const isDropped = (): Promise<number> =>
    count(
      stage,
      `select from pg_locks where relation = to_regclass('${month}') and mode = 'AccessExclusiveLock' and granted`,
    );
  const dropping = stage.fleet.add('s2', ['scheduler'], {
    ...ahead(),
    FAILPOINTS: 'drop.before-commit=stop',
  });
  await stage.until('this month is being dropped', async () => {
    // Months before this one may come first.
    if (!isStopped(dropping.pid)) return false;
    if ((await isDropped()) > 0) return true;
    dropping.signal('SIGCONT');
    return false;
  });
  await publish();
  const waiting =
    "select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'fair-use'";
  await stage.until('the processor waits', async () => (await count(stage, waiting)) > 0);
  const goOn = setInterval(() => dropping.signal('SIGCONT'), 200);
  try {
    await stage.counted();
    await stage.until('the month is gone', async () => {
      return (await count(stage, `select from pg_class where relname = '${month}'`)) === 0;
    });
  } finally {
    clearInterval(goOn);
    await stage.fleet.remove('s2', 'SIGKILL');
  }
  return [];
}
