import type { OutgoingTopic } from '../../domain/counting/changes.js';
import type { Queryable } from '../transaction.js';

export interface OutboxRow {
  readonly account_id: string;
  readonly id: number;
  readonly topic: OutgoingTopic;
  readonly record: Readonly<Record<string, unknown>>;
}

/** The oldest rows of the shards that are not published yet, in the order of their ids. */
export async function readWaiting(
  db: Queryable,
  shards: readonly number[],
  limit: number,
): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>(
    `select account_id, id, topic, record from outbox
     where shard = any($1::int2[]) and published_at is null and set_aside is null
     order by id limit $2`,
    [shards, limit],
  );
  return rows;
}

/**
 * Marks of this session are not waited for until they are on disk: one that a crash of Postgres loses publishes its row
 * again, as a crash of the relay before the mark does.
 */
export async function forgetMarksInACrash(session: Queryable): Promise<void> {
  await session.query('set synchronous_commit = off');
}

export async function markPublished(db: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  await db.query(
    `update outbox o set published_at = now()
     from unnest($1::text[], $2::int8[]) as p(account_id, id)
     where o.account_id = p.account_id and o.id = p.id`,
    [rows.map((r) => r.account_id), rows.map((r) => r.id)],
  );
}

/** A row that cannot be published waits for a person, and no other waits for it. */
export async function setAside(db: Queryable, row: OutboxRow, why: string): Promise<void> {
  await db.query('update outbox set set_aside = $3 where account_id = $1 and id = $2', [
    row.account_id,
    row.id,
    why,
  ]);
}

export interface OutboxState {
  readonly waiting: number;
  readonly oldestSeconds: number;
  readonly setAside: number;
}

export async function outboxState(db: Queryable): Promise<OutboxState> {
  const { rows } = await db.query<{ waiting: number; oldest: number; aside: number }>(
    `select
       (select count(*) from outbox where published_at is null and set_aside is null) as waiting,
       (select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from outbox
        where published_at is null and set_aside is null) as oldest,
       (select count(*) from outbox where published_at is null and set_aside is not null) as aside`,
  );
  const [row = { waiting: 0, oldest: 0, aside: 0 }] = rows;
  return { waiting: row.waiting, oldestSeconds: row.oldest, setAside: row.aside };
}
