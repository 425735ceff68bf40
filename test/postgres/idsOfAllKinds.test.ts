import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import type { Metric } from '../../src/domain/policy/policy.js';
import { idHash } from '../../src/kafka/decode/countedId.js';
import { freshDatabase, type FreshDatabase } from '../support/stack.js';

const MIGRATION = '0014_ids_of_all_kinds_together.sql';
const UUID = '0190b5e2-7c1d-7a3f-9e58-ab0123456789';
/** As a UUID of no variant that is in use: it was remembered as itself, and is hashed now. */
const ODD = '0190b5e2-7c1d-7a3f-1e58-ab0123456789';

let database: FreshDatabase;
let db: pg.Client;

/** What an id was remembered by before: the same for every metric. */
const before = (id: string): Buffer => {
  const bytes = Buffer.from(
    id === 'c1' ? idHash(Buffer.from(id), 'chats') : Buffer.from(id.replaceAll('-', ''), 'hex'),
  );
  // A hash has any bits there.
  if (id === 'c1') bytes[8] = (bytes[8] ?? 0) & 0x3f;
  return bytes;
};
const now = (metric: Metric, ...ids: string[]): string =>
  ids.map((id) => Buffer.from(idHash(Buffer.from(id), metric)).toString('hex')).join('');

async function seen(metric: Metric, month: string, seq: number, ...ids: string[]): Promise<void> {
  const row = ['a1', metric, month, seq, Buffer.concat(ids.map(before))];
  await db.query('insert into seen_ids values ($1, $2, $3, $4, $5)', row);
}

async function park(offset: number, metric: Metric, id: string): Promise<void> {
  const event = { metric, idHash: before(id).toString('hex'), amount: 1 };
  await db.query(
    `insert into parked_events (account_id, topic, partition, "offset", arrived_at, event, value)
     values ('nobody', 't', 0, $1, '2026-10-01', $2, '')`,
    [offset, event],
  );
}

beforeAll(async () => {
  database = await freshDatabase('ids_of_all_kinds');
  db = new pg.Client({ connectionString: database.url });
  await db.connect();
  const sql = readdirSync('migrations').sort();
  const apply = (name: string) => db.query(readFileSync(`migrations/${name}`, 'utf8'));
  for (const name of sql.filter((one) => one < MIGRATION)) await apply(name);
  await db.query(
    `create table seen_ids_2026_09 partition of seen_ids for values from ('2026-09-01') to ('2026-10-01')`,
  );
  await db.query(
    `create table seen_ids_2026_10 partition of seen_ids for values from ('2026-10-01') to ('2026-11-01')`,
  );
  await seen('tickets', '2026-10-01', 3, UUID);
  await seen('chats', '2026-10-01', 1, ODD, 'c1');
  await seen('chats', '2026-10-01', 0, UUID);
  await seen('chats', '2026-10-01', 2);
  await seen('upload_bytes', '2026-10-01', 0, 'c1', UUID);
  await seen('sessions', '2026-09-01', 7, UUID, ODD, 'c1');
  await park(1, 'sessions', ODD);
  await park(2, 'tickets', 'c1');
  await apply(MIGRATION);
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

describe('the migration to one set of ids for all kinds', () => {
  it('keeps every id as it is remembered from then on, and numbers the chunks of a month anew', async () => {
    const { rows } = await db.query<{ table: string; seq: number; ids: string }>(
      `select tableoid::regclass::text as table, seq, encode(counted, 'hex') as ids from seen_ids order by month, seq`,
    );
    expect(rows.map(({ table, seq, ids }) => [table, seq, ids])).toEqual([
      ['seen_ids_2026_09', 0, now('sessions', UUID, ODD, 'c1')],
      ['seen_ids_2026_10', 0, now('chats', UUID)],
      ['seen_ids_2026_10', 1, now('chats', ODD, 'c1')],
      ['seen_ids_2026_10', 2, ''],
      ['seen_ids_2026_10', 3, now('tickets', UUID)],
      ['seen_ids_2026_10', 4, now('upload_bytes', 'c1', UUID)],
    ]);
  });

  it('leaves nothing of the table of before', async () => {
    const { rows } = await db.query<{ name: string }>(
      `select relname as name from pg_class where relname ~ '^seen_ids' and relkind in ('r', 'p', 'i', 'I') order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'seen_ids',
      'seen_ids_2026_09',
      'seen_ids_2026_09_pkey',
      'seen_ids_2026_10',
      'seen_ids_2026_10_pkey',
      'seen_ids_horizon',
      'seen_ids_horizon_pkey',
      'seen_ids_pkey',
    ]);
  });

  it.each([
    `select seq, ids from seen_ids where account_id = 'a1'`,
    `insert into seen_ids (account_id, metric, month, seq, ids) values ('a1', 'chats', '2026-10-01', 9, '')`,
    `delete from parked_events where account_id = 'nobody' returning event`,
    `insert into parked_events (account_id, topic, partition, "offset", arrived_at, event, value)
     values ('nobody', 't', 0, 9, '2026-10-01', '{}', '')`,
  ])('has a process of before it fail: %s', async (statement) => {
    await expect(db.query(statement)).rejects.toThrow(/^column "(ids|metric|event)".* does not exist$/);
  });

  it('knows the ids of parked events anew', async () => {
    const { rows } = await db.query<{ id: string }>(
      `select usage->>'idHash' as id from parked_events order by "offset"`,
    );
    expect(rows.map(({ id }) => id)).toEqual([now('sessions', ODD), now('tickets', 'c1')]);
  });
});
