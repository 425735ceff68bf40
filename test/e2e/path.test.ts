import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import avro from 'avsc';
import { readFileSync } from 'node:fs';
import { account, chat, many, session, type Line } from './platform.js';
import { readTopic } from './readTopic.js';
import { until, World, type EngineProcess } from './world.js';

/** One minute, so that the clock hour and the rolling peak are the same figure. */
const minute = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000;

interface CrossingRow {
  level: number;
  used: string;
  limit_value: string;
  cause_event_id: string | null;
  continues_episode: boolean;
}

let world: World;
let engine: EngineProcess;

const crossings = (accountId: string): Promise<CrossingRow[]> =>
  world.rows<CrossingRow>(
    `select level, used, limit_value, cause_event_id, continues_episode from reporting.crossings
     where account_id = $1 order by level`,
    [accountId],
  );
const used = async (accountId: string, rule: string): Promise<number> => {
  const rows = await world.rows<{ used: string }>(
    'select used from reporting.usage_windows where account_id = $1 and rule = $2',
    [accountId, rule],
  );
  return rows.reduce((sum, row) => sum + Number(row.used), 0);
};

beforeAll(async () => {
  world = await World.start();
  engine = await world.serve();
}, 120_000);

afterAll(async () => {
  await world.stop();
}, 60_000);

describe('from an event to a warning mail', () => {
  const chats = (from: number, count: number): Line[] =>
    many(count, (i) => chat('a-hour', `chat-${i}`, minute), from);

  it('says nothing below 80 %', async () => {
    await world.publish([account('a-hour', 'pro'), ...chats(0, 1_599)]);
    await world.untilRead();
    expect(await used('a-hour', 'chats-per-hour')).toBe(1_599);
    expect(await crossings('a-hour')).toEqual([]);
  }, 60_000);

  it('warns once at 80 %, naming the event that reached it', async () => {
    await world.publish(chats(1_599, 1));
    const mail = await until('the warning', () => Promise.resolve(world.inbox.mails[0]));
    expect(await crossings('a-hour')).toEqual([
      {
        level: 80,
        used: '1600',
        limit_value: '2000',
        cause_event_id: 'event-chat-1599',
        continues_episode: false,
      },
    ]);
    const [notice] = await until('the notice to be settled', async () => {
      const rows = await world.rows<{ notification_id: string; status: string }>(
        "select notification_id, status from reporting.notifications where account_id = 'a-hour'",
      );
      return rows[0]?.status === 'SENT' && rows;
    });
    expect(mail.subject).toContain('80%');
    expect(mail.headers.get('x-notification-id')).toBe(notice!.notification_id);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.text).toContain('1,600');
    expect(mail.html).toContain('1,600');
    expect(mail.messageId).toBeDefined();
    expect(JSON.stringify(mail.replyTo)).toContain(notice!.notification_id);
    const deliveries = await world.rows('select recipient, status from reporting.deliveries');
    expect(deliveries).toEqual([{ recipient: 'owner@a-hour.example', status: 'SENT' }]);
  }, 60_000);

  it('counts nothing twice: the same events, the same chats under other event ids', async () => {
    await world.publish(chats(0, 1_600));
    await world.publish(many(100, (i) => chat('a-hour', `chat-${i}`, minute, { eventId: `again-${i}` })));
    await world.untilRead();
    expect(await used('a-hour', 'chats-per-hour')).toBe(1_600);
  }, 60_000);

  it('publishes a violation at 100 %, and mails nothing more', async () => {
    await world.publish(chats(1_600, 450));
    await world.untilRead();
    const violations = await readTopic(world, 'fair-use.violations.v1', 1);
    expect(violations).toMatchObject([
      {
        accountId: 'a-hour',
        rule: 'chats-per-hour',
        used: 2_000,
        limit: 2_000,
        level: 100,
        policyVersion: '2021-10-19',
      },
    ]);
    expect((await crossings('a-hour')).map(({ level, used: n }) => [level, n])).toEqual([
      [80, '1600'],
      [100, '2000'],
    ]);
    expect(await used('a-hour', 'chats-per-hour')).toBe(2_050);
    expect(world.inbox.mails).toHaveLength(1);
  }, 60_000);

  it('invites Sandbox to upgrade at 100 %, without a mail at 80 %, and tells BizDev past it', async () => {
    await world.publish([
      account('a-month', 'sandbox'),
      ...many(100, (i) => session('a-month', `s-${i}`, minute)),
    ]);
    await world.untilRead();
    expect((await crossings('a-month')).map(({ level }) => level)).toEqual([100]);
    const invitation = await until('the invitation', () => Promise.resolve(world.inbox.mails[1]));
    expect(JSON.stringify(invitation.to)).toContain('owner@a-month.example');
    expect(invitation.text).toMatch(/upgrade/i);
    await world.publish([session('a-month', 's-100', minute)]);
    const overages = await readTopic(world, 'fair-use.overages.v1', 1);
    expect(overages).toMatchObject([
      {
        kind: 'STARTED',
        stepPercent: 100,
        accountId: 'a-month',
        workspaceId: 'ws-1',
        used: 101,
        limit: 100,
        warnedAt: null,
      },
    ]);
    expect(world.inbox.mails).toHaveLength(2);
  }, 60_000);

  it('keeps events of an unknown account and counts them with its snapshot', async () => {
    await world.publish(many(5, (i) => chat('a-later', `early-${i}`, minute)));
    await world.untilRead();
    expect(await used('a-later', 'chats-per-hour')).toBe(0);
    await world.publish([account('a-later', 'pro')]);
    await until('the parked events', async () => (await used('a-later', 'chats-per-hour')) === 5);
  }, 60_000);

  it('dead-letters what cannot be counted, in table and topic, and counts what lies around it', async () => {
    const producer = world.kafka.producer();
    await producer.connect();
    const garbage = Buffer.from('not avro');
    await producer.send({
      topic: 'platform.chats.v1',
      messages: [
        { key: 'a-hour', value: garbage },
        { key: 'a-hour', value: Buffer.from([0, 0, 0x7f, 0xff, 0xff, 1, 2]) },
        { key: 'a-hour', value: null },
      ],
    });
    await producer.disconnect();
    await world.publish([
      chat('a-hour', 'late', minute - 36 * 86_400_000),
      chat('a-hour', 'future', Date.now() + 3_600_000),
      chat('a-hour', 'good', minute),
    ]);
    await world.untilRead();
    expect(await used('a-hour', 'chats-per-hour')).toBe(2_051);
    const reasons = await world.rows<{ reason: string }>(
      'select reason from reporting.dead_letters order by reason',
    );
    expect(reasons.map(({ reason }) => reason)).toEqual([
      'EMPTY',
      'FUTURE',
      'TOO_LATE',
      'UNDECODABLE',
      'UNKNOWN_SCHEMA',
    ]);
    const letters = await readTopic(world, 'fair-use.dead-letters.v1', 5);
    const undecodable = letters.find((letter) => letter['dlq-reason'] === 'UNDECODABLE');
    expect(undecodable).toMatchObject({ 'dlq-topic': 'platform.chats.v1', bytes: garbage });
  }, 60_000);

  it('goes on after kill -9, exits 0 on SIGTERM, and tells its health', async () => {
    await engine.end('SIGKILL');
    await world.publish(many(300, (i) => chat('a-later', `more-${i}`, minute)));
    engine = await world.serve();
    await world.untilRead();
    expect(await used('a-later', 'chats-per-hour')).toBe(305);
    expect((await fetch(`${engine.url}/livez`)).status).toBe(200);
    const metrics = await (await fetch(`${engine.url}/metrics`)).text();
    expect(metrics).toMatch(/fair_use_records_read_total\{topic="platform.chats.v1",outcome="usage"\} [1-9]/);
    expect(metrics).toContain(
      `fair_use_runtime{node="${process.versions.node}",zone_data="${String(process.versions.tz)}"} 1`,
    );
    expect((await fetch(`${engine.url}/nothing`)).headers.get('content-type')).toContain(
      'application/problem+json',
    );
    expect(await engine.end('SIGTERM')).toBe(0);
  }, 90_000);

  it('prints nothing but its log: no warning of the runtime it runs on, from any thread', () => {
    const lines = engine.log().trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'starting',
      node: process.versions.node,
      zoneData: process.versions.tz,
    });
  });

  it('encodes outgoing events as the contract has them', () => {
    const schema = JSON.parse(readFileSync('schemas/fair-use.violations.v1.avsc', 'utf8')) as avro.Schema & {
      fields: { name: string }[];
    };
    expect(schema.fields.map(({ name }) => name).join(' ')).toBe(
      'violationId accountId workspaceId plan policyVersion rule metric windowKind windowStart windowEnd used limit ' +
        'level causeEventId occurredAt detectedAt details',
    );
  });
});
