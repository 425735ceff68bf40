import { many, session, type Line } from '../../e2e/platform.js';
import { hurryMails } from '../checks/settled.js';
import { isReady, type Engine } from '../world/engine.js';
import { chats, known, type Stage } from './stage.js';

const ACCOUNTS = many(16, (n) => `a${n}`);
const PROCESSOR = ['processor'];

/** What a scenario forces, and what it then finds broken; nothing, when the engine is right. */
export type Scenario = (stage: Stage) => Promise<string[]>;

/**
 * A processor stops between decoding a batch and its transaction, for longer than its session. Another one counts that
 * batch and more. Then the first goes on where it was.
 */
export const zombieCountsLate: Scenario = async (stage) => {
  await stage.run('p1', PROCESSOR);
  await stage.run('rest', ['relay', 'mailer']);
  await stage.publish(ACCOUNTS.map((id) => known(id, 'pro')));
  await stage.counted();
  await stage.fleet.restart('p1', 'SIGTERM', { FAILPOINTS: 'count.decoded=stop' });
  const zombie = stage.fleet.engine('p1')!;
  await stage.untilRuns('p1');
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 40)));
  await stage.untilAt(zombie, 'count.decoded');
  await stage.run('p2', PROCESSOR);
  await stage.counted();
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 40, 40)));
  await stage.counted();
  // It stops again at every batch it takes up: each time it is woken.
  const wake = setInterval(() => zombie.signal('SIGCONT'), 200);
  try {
    const again = (): number => zombie.log().split('counting from the positions').length;
    const before = again();
    await stage.until('the zombie has found its place', async () => {
      return (await stage.brokenNow()).length > 0 || again() > before;
    });
    return await stage.verdict();
  } finally {
    clearInterval(wake);
  }
};

/**
 * A processor that is stopped with its transaction open, all locks in hand, and another one that runs and gets its
 * partitions. Returns the first.
 */
async function stoppedWithLocks(stage: Stage, env: NodeJS.ProcessEnv): Promise<Engine> {
  await stage.run('p1', PROCESSOR);
  await stage.run('rest', ['relay', 'mailer']);
  await stage.publish(ACCOUNTS.map((id) => known(id, 'pro')));
  await stage.counted();
  await stage.fleet.restart('p1', 'SIGTERM', { ...env, FAILPOINTS: 'count.before-commit=stop@1' });
  const zombie = stage.fleet.engine('p1')!;
  await stage.untilRuns('p1');
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 40)));
  await stage.untilAt(zombie, 'count.before-commit');
  // Not by run(): its triggers would wait for the same locks.
  stage.fleet.add('p2', PROCESSOR);
  await stage.untilRuns('p2');
  return zombie;
}

/**
 * A processor stops with its transaction open, all locks in hand, for longer than its session. Another one gets the
 * partitions and waits for the locks. Then the first goes on and commits.
 */
export const zombieHoldsLocks: Scenario = async (stage) => {
  const zombie = await stoppedWithLocks(stage, {});
  await stage.until('the other waits for its locks', async () => {
    const waiting = await stage.servers.rows(
      "select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'fair-use'",
    );
    return waiting.length > 0;
  });
  zombie.signal('SIGCONT');
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 40, 40)));
  await stage.counted();
  return stage.verdict();
};

// As short as the engine takes it; the default is a minute.
const SOON_GIVEN_UP = { DATABASE_SILENCE_MS: '2000' };

/** The same, but the first is not woken before the other has counted on: Postgres has ended its transaction by then. */
export const zombieNeverWakes: Scenario = async (stage) => {
  const zombie = await stoppedWithLocks(stage, SOON_GIVEN_UP);
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 40, 40)));
  await stage.counted();
  const before = zombie.log().split('counting from the positions').length;
  zombie.signal('SIGCONT');
  await stage.until('the zombie has found its place', () => {
    return zombie.log().split('counting from the positions').length > before;
  });
  return stage.verdict();
};

/**
 * A processor has accounts in memory, loses their partitions to another one which counts a change of plan, and gets them
 * back.
 */
export const plansChangeElsewhere: Scenario = async (stage) => {
  await stage.run('p1', PROCESSOR);
  await stage.run('rest', ['relay', 'mailer']);
  await stage.publish(ACCOUNTS.map((id) => known(id, 'pro')));
  await stage.publish(ACCOUNTS.flatMap((id) => chats(id, 5)));
  await stage.counted();
  const second = await stage.run('p2', PROCESSOR);
  await stage.until('the second has partitions', () => second.log().includes('counting from the positions'));
  const changed = { revision: 2, updatedAt: Date.now() };
  await stage.publish(ACCOUNTS.map((id) => known(id, 'unlimited', changed)));
  await stage.counted();
  await stage.fleet.remove('p2', 'SIGTERM');
  await stage.publish(ACCOUNTS.flatMap((id) => many(3, (n) => session(id, `${id}-s${n}`, Date.now()))));
  await stage.counted();
  return stage.verdict();
};

/** The process dies between the last statement of a counting transaction and its commit. */
export const killedBeforeCommit: Scenario = async (stage) => {
  await stage.run('p1', PROCESSOR);
  await stage.run('rest', ['relay', 'mailer']);
  await stage.publish([known('a1', 'pro')]);
  await stage.counted();
  await stage.fleet.restart('p1', 'SIGTERM', { FAILPOINTS: 'count.before-commit=kill' });
  const doomed = stage.fleet.engine('p1')!;
  await stage.untilRuns('p1');
  await stage.publish(chats('a1', 2_050));
  await stage.untilAt(doomed, 'count.before-commit');
  await stage.counted();
  return stage.verdict();
};

/** More and more chats past 80 % of the limit, in many batches. */
export const levelIsPassed: Scenario = async (stage) => {
  await stage.run('all', ['processor', 'relay', 'mailer']);
  await stage.publish([known('a1', 'pro')]);
  await stage.publish(chats('a1', 1_600));
  await stage.counted();
  for (let n = 0; n < 5; n += 1) {
    await stage.publish(chats('a1', 20, 1_600 + n * 20));
    await stage.counted();
  }
  return stage.verdict();
};

/** Events that are hours and weeks late, after their windows were counted. */
export const lateEvents: Scenario = async (stage) => {
  await stage.run('all', ['processor', 'relay', 'mailer']);
  await stage.publish([known('a1', 'pro')]);
  await stage.publish(chats('a1', 50));
  await stage.counted();
  const late: Line[] = [2, 30, 300, 700].map((hours, n) =>
    session('a1', `late-${n}`, Date.now() - hours * 3_600_000),
  );
  await stage.publish([...late, ...chats('a1', 50, 50)]);
  await stage.counted();
  return stage.verdict();
};

/** The relay dies after Kafka's acknowledgement and before the mark, while the mail server is away. */
export const publishedTwice: Scenario = async (stage) => {
  stage.servers.net.smtp.set({ kind: 'down' });
  await stage.run('p1', ['processor', 'mailer']);
  await stage.run('relay', ['relay'], { FAILPOINTS: 'relay.published=kill' });
  await stage.publish([known('a1', 'pro'), ...chats('a1', 1_650)]);
  await stage.counted();
  await stage.until('the notice is on its topic twice', async () => {
    const rows = await stage.servers.rows('select 1 from outbox where published_at is null');
    return rows.length === 0;
  });
  const admin = stage.servers.kafka.admin();
  await admin.connect();
  const sent = await admin.fetchTopicOffsets('fair-use.notifications.v1');
  await stage.until('the mailer has read both', async () => {
    const read = await admin.fetchOffsets({
      groupId: 'fair-use-mailer',
      topics: ['fair-use.notifications.v1'],
    });
    return sent.every(
      ({ partition, high }) =>
        Number(high) === 0 ||
        Number(read[0]?.partitions.find((p) => p.partition === partition)?.offset ?? 0) >= Number(high),
    );
  });
  await admin.disconnect();
  stage.servers.calm();
  await hurryMails(stage.servers, false);
  return stage.verdict();
};

/** A relay stops between publishing and marking, beside another relay; then it goes on. */
export const relayStalls: Scenario = async (stage) => {
  const unmarked = () => stage.servers.rows('select 1 from outbox where published_at is null');
  await stage.run('p1', ['processor', 'mailer']);
  const stalled = await stage.run('relay-1', ['relay'], { FAILPOINTS: 'relay.published=stop@1' });
  await stage.publish([known('a1', 'pro'), ...chats('a1', 1_650)]);
  await stage.untilAt(stalled, 'relay.published');
  const other = await stage.run('relay-2', ['relay']);
  // Ready means that it has looked for what it may publish.
  await stage.until('the other relay has looked', () => isReady(other));
  stalled.signal('SIGCONT');
  await stage.until('the rows are marked', async () => (await unmarked()).length === 0);
  await stage.publish(chats('a1', 400, 1_650));
  await stage.counted();
  return stage.verdict();
};

/** A relay stops with rows in hand and is not woken before another one has published them in its stead. */
export const relayNeverWakes: Scenario = async (stage) => {
  const unmarked = () => stage.servers.rows('select 1 from outbox where published_at is null');
  await stage.run('p1', ['processor', 'mailer']);
  const stopping = { ...SOON_GIVEN_UP, FAILPOINTS: 'relay.published=stop@1' };
  const stopped = await stage.run('relay-1', ['relay'], stopping);
  await stage.publish([known('a1', 'pro'), ...chats('a1', 1_650)]);
  await stage.untilAt(stopped, 'relay.published');
  await stage.run('relay-2', ['relay']);
  await stage.until('the other relay has published', async () => (await unmarked()).length === 0);
  stopped.signal('SIGCONT');
  await stage.until('the first goes on', () => isReady(stopped));
  await stage.publish(chats('a1', 400, 1_650));
  await stage.counted();
  return stage.verdict();
};

/** A mailer stops before the data, its lease runs out, another mailer sends the mail; then the first goes on. */
export const mailerWakesLate: Scenario = async (stage) => {
  const { servers } = stage;
  await stage.run('p1', ['processor', 'relay']);
  const zombie = await stage.run('m1', ['mailer'], { FAILPOINTS: 'mail.before-data=stop' });
  await stage.publish([known('a1', 'pro'), ...chats('a1', 1_650)]);
  await stage.untilAt(zombie, 'mail.before-data');
  await servers.rows(
    "update deliveries set lease_until = now() - interval '1 second' where status = 'SENDING'",
  );
  await stage.run('m2', ['mailer']);
  await stage.until('the second mailer has sent it', () => servers.smtp.accepted.length > 0);
  zombie.signal('SIGCONT');
  await stage.until('the first has come back', async () => {
    return (
      servers.smtp.accepted.length > 1 ||
      (await servers.rows("select 1 from deliveries where status = 'SENT'")).length > 0
    );
  });
  // Its connection ends either way: with a mail too many, or without.
  await stage.fleet.remove('m1', 'SIGTERM');
  return stage.verdict();
};
