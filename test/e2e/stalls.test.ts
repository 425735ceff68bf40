import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { registryProxy, type RegistryProxy } from '../support/registryProxy.js';
import { account, chat, many, session, type Line } from './platform.js';
import { until, World, type EngineProcess } from './world.js';

/** What the contract of alarms is: metrics turn within so long. The rest is for a busy machine. */
const WITHIN_MS = 30_000;
const now = Date.now();

let world: World;
let proxy: RegistryProxy;
let engine: EngineProcess;
beforeAll(async () => {
  world = await World.start();
  proxy = await registryProxy(world.stack.addresses.schemaRegistryUrl);
  engine = await world.serve([], { SCHEMA_REGISTRY_URL: proxy.url });
  await world.publish([account('a1', 'pro'), account('a2', 'pro')]);
  await world.untilRead();
}, 120_000);
afterAll(async () => {
  await world.stop();
  await proxy.close();
}, 60_000);

afterEach(() => {
  proxy.answer('pass');
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${engine.url}/metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.reduce((sum, value) => sum + value, 0);
}
async function parts(): Promise<Record<string, string>> {
  const answer = await fetch(`${engine.url}/readyz`);
  const { parts: said } = (await answer.json()) as { parts: Record<string, string> };
  expect(answer.ok).toBe(Object.values(said).every((part) => part === 'ok'));
  return said;
}
const ready = (): Promise<boolean> =>
  parts().then((said) => Object.values(said).every((part) => part === 'ok'));
const isReady = (): Promise<unknown> => until('ready again', ready, 60_000);
/** Holds an account's lock, as nobody should for long, while `look` looks. */
async function holding(accountId: string, look: () => Promise<void>): Promise<void> {
  const client = await world.db.connect();
  try {
    await client.query('begin');
    await client.query('select from account_heads where account_id = $1 for update', [accountId]);
    await look();
  } finally {
    await client.query('rollback');
    client.release();
  }
}
const pids = (pid: number): number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => pids(Number(child))))];
};
/** Stops a server in its tracks, with every process of it, while `look` looks. */
async function frozen(pid: number | null | undefined, look: () => Promise<void>): Promise<void> {
  if (typeof pid !== 'number') throw new Error('the server is not there');
  const all = pids(pid);
  for (const one of all) process.kill(one, 'SIGSTOP');
  try {
    await look();
  } finally {
    for (const one of all) process.kill(one, 'SIGCONT');
  }
}

const violation = {
  violationId: randomUUID(),
  accountId: 'a1',
  workspaceId: null,
  plan: 'pro',
  policyVersion: 'v',
  rule: 'chats-per-hour',
  metric: 'chats',
  windowKind: 'hour',
  windowStart: now,
  windowEnd: now,
  used: 1,
  limit: 1,
  level: 100,
  causeEventId: null,
  occurredAt: now,
  detectedAt: now,
  details: {},
};
const outbox = (record: unknown): Promise<unknown[]> =>
  world.rows(
    `insert into outbox (account_id, shard, topic, event_id, record)
     values ('a1', 0, 'fair-use.violations.v1', gen_random_uuid(), $1)`,
    [record],
  );

const of = { workspaceId: 'ws-1', occurredAt: Date.now() };
const ticket = (accountId: string): Line => ({
  topic: 'platform.tickets.v1',
  value: { ...of, accountId, eventId: 'event-t', ticketId: 't', type: 'CREATED' },
});
const upload = (accountId: string): Line => ({
  topic: 'platform.uploads.v1',
  value: {
    ...{ ...of, accountId, eventId: 'event-u', uploadId: 'u', botId: 'bot-1' },
    ...{ fileName: 'a.png', contentType: 'image/png', sizeBytes: 1 },
  },
});

describe('stalls are seen', () => {
  it('counting that hangs: in readiness, and as a lag that only grows', async () => {
    await isReady();
    await holding('a1', async () => {
      await world.publish(many(20, (n) => chat('a1', `held-${n}`, now)));
      await until(
        'the lag is shown',
        async () => (await metric('fair_use_input_lag_records')) > 0,
        WITHIN_MS,
      );
      await until(
        'it only grows',
        async () => (await metric('fair_use_input_lag_growing_seconds')) > 5,
        WITHIN_MS,
      );
      await until('it stalls', async () => (await metric('fair_use_input_stalled_seconds')) > 5, WITHIN_MS);
      await until('not ready', async () => (await parts())['processor']?.includes('has not moved'), 45_000);
      expect(await metric('fair_use_ready')).toBeLessThan(Object.keys(await parts()).length);
    });
    await isReady();
    await world.untilRead();
    await until('worked off', async () => (await metric('fair_use_input_lag_records')) === 0, WITHIN_MS);
    await until('moves', async () => (await metric('fair_use_input_stalled_seconds')) === 0, WITHIN_MS);
  }, 180_000);

  it('a broker that hangs: events that wait are shown all the same', async () => {
    await isReady();
    await frozen(world.stack.parts.kafka?.pid, async () => {
      await outbox(violation);
      await until('the broker is missed', async () => (await parts())['kafka'] !== 'ok', WITHIN_MS);
      await until('it waits', async () => (await metric('fair_use_outbox_waiting')) === 1, WITHIN_MS);
      await until(
        'and gets old',
        async () => (await metric('fair_use_outbox_oldest_seconds')) > 5,
        WITHIN_MS,
      );
    });
    await until('it left', async () => (await metric('fair_use_outbox_waiting')) === 0, 90_000);
    await isReady();
    await outbox({});
    await until(
      'what is no event is set aside',
      async () => (await metric('fair_use_outbox_set_aside')) === 1,
      WITHIN_MS,
    );
    await world.rows('delete from outbox where set_aside is not null');
  }, 240_000);

  it('a database that hangs: not ready, and by itself again', async () => {
    await isReady();
    await frozen(world.stack.parts.postgres?.pid, async () => {
      await until(
        'not ready',
        async () => (await parts())['database'] === 'the database does not answer',
        WITHIN_MS,
      );
    });
    await isReady();
  }, 180_000);

  it('a registry that answers nonsense: not ready, and nothing is thrown away for it', async () => {
    await isReady();
    const letters = (): Promise<unknown[]> => world.rows('select from dead_letters');
    const before = await letters();
    for (const nonsense of ['500', 'html', 'html 404', 'another schema', 'forgot'] as const) {
      proxy.answer(nonsense);
      await until(`not ready: ${nonsense}`, async () => (await parts())['registry'] !== 'ok', WITHIN_MS);
      proxy.answer('pass');
      await isReady();
    }
    // A process that has no schema of a topic in memory yet: a gateway in between answers 404 to everything, or the
    // registry knows no id any more for a while.
    await engine.end('SIGTERM');
    proxy.answer('pass');
    engine = await world.serve([], { SCHEMA_REGISTRY_URL: proxy.url, AUTO_MIGRATE: 'false' });
    const first = {
      'html 404': session('a2', 'kept', now),
      forgot: ticket('a2'),
      'forgot ids': upload('a2'),
    };
    for (const lost of ['html 404', 'forgot', 'forgot ids'] as const) {
      proxy.answer(lost);
      await world.publish([first[lost]]);
      await until(
        'it waits',
        async () => (await parts())['processor']?.includes('counting waits'),
        WITHIN_MS,
      );
      proxy.answer('pass');
      await world.untilRead();
    }
    expect(await letters()).toHaveLength(before.length);
    await isReady();
  }, 240_000);

  it('mails that do not leave: in the metrics, not in readiness', async () => {
    await isReady();
    await world.inbox.close();
    await world.publish([account('a3', 'pro'), ...many(1_700, (n) => chat('a3', `c${n}`, now))]);
    await until('the server is missed', async () => (await metric('fair_use_mail_server_up')) === 0, 60_000);
    await until('they wait', async () => (await metric('fair_use_deliveries_waiting')) > 0, WITHIN_MS);
    await until(
      'and get old',
      async () => (await metric('fair_use_deliveries_oldest_seconds')) > 5,
      WITHIN_MS,
    );
    expect(await metric('fair_use_notices_oldest_seconds')).toBeGreaterThan(5);
    expect(await ready()).toBe(true);
  }, 180_000);

  it('a mailer that cannot take a notice in', async () => {
    await isReady();
    await holding('a3', async () => {
      const [notice] = await world.rows<{ record: unknown; topic: string }>(
        "select topic, record from outbox where topic = 'fair-use.notifications.v1' limit 1",
      );
      if (notice === undefined) throw new Error('there is no notice');
      await world.rows(
        `insert into outbox (account_id, shard, topic, event_id, record)
         select account_id, shard, topic, event_id, record from outbox where topic = 'fair-use.notifications.v1' limit 1`,
      );
      await until('not ready', async () => (await parts())['mailer']?.includes('has not moved'), 60_000);
    });
    await isReady();
  }, 180_000);

  it('a process that cannot go on ends with a line that says what to do', async () => {
    await engine.end('SIGTERM');
    const admin = world.kafka.admin();
    await admin.connect();
    const topic = 'platform.chats.v1';
    const ends = async () =>
      (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({ partition, offset: high }));
    await world.publish(many(40, (n) => chat(`gone-${n}`, `gone-${n}`, now)));
    await admin.deleteTopicRecords({ topic, partitions: await ends() });
    await admin.disconnect();
    const ended = world.serve(['--role', 'processor']);
    await expect(ended).rejects.toThrow(/deleted by retention before they were counted/);
    const said = await ended.catch((error: unknown) => String(error).trim().split('\n').at(-1) ?? '');
    expect(said).toMatch(
      /^platform\.chats\.v1 partition \d+: .* input accept-loss --topic platform\.chats\.v1 --partition \d+ /,
    );
  }, 120_000);
});
