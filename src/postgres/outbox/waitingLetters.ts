import type { Queryable } from '../transaction.js';

export interface DeadLetterRow {
  readonly topic: string;
  readonly partition: number;
  /** Which of the logs that the partition has had. */
  readonly generation: number;
  readonly offset: number;
  readonly reason: string;
  readonly detail: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** The oldest dead letters that are not on their topic yet. */
export async function readWaitingLetters(db: Queryable, limit: number): Promise<DeadLetterRow[]> {
  const { rows } = await db.query<DeadLetterRow>(
    `select topic, partition, generation, "offset", reason, detail, key, value from dead_letters
     where published_at is null order by seen_at limit $1`,
    [limit],
  );
  return rows;
}

export async function markLettersPublished(db: Queryable, letters: readonly DeadLetterRow[]): Promise<void> {
  await db.query(
    `update dead_letters d set published_at = now()
     from unnest($1::text[], $2::int[], $3::int8[], $4::int[]) as p(topic, partition, "offset", generation)
     where d.topic = p.topic and d.partition = p.partition and d."offset" = p."offset"
       and d.generation = p.generation`,
    [
      letters.map((l) => l.topic),
      letters.map((l) => l.partition),
      letters.map((l) => l.offset),
      letters.map((l) => l.generation),
    ],
  );
}

/** Dead letters that are not on their topic yet: how many, and the age of the oldest in seconds. */
export async function lettersWaiting(
  db: Queryable,
): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
  const { rows } = await db.query<{ waiting: number; oldest: number }>(
    `select count(*) as waiting, coalesce(extract(epoch from now() - min(seen_at)), 0)::float8 as oldest
     from dead_letters where published_at is null`,
  );
  return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}
