import type { PartitionRead } from '../../domain/counting/readUpTo.js';
import { keyOf } from '../../support/partitionKey.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

export interface Position {
  readonly nextOffset: number;
  /** Digest of the record at nextOffset − 1; null when none was kept. */
  readonly lastDigest: Buffer | null;
  /** Which of the logs that the partition has had: it grows when one is accepted that replaced another. */
  readonly generation: number;
}

/** A step of one partition: from what this process believes was counted to what will have been. */
export interface OffsetStep {
  readonly topic: string;
  readonly partition: number;
  readonly expected: number;
  /** Of the log that the offsets belong to; default 0, the first. */
  readonly generation?: number;
  readonly next: number;
  readonly readUpTo: number;
  readonly lastDigest: Buffer;
}

/** Somebody else has moved a partition on: what this process believes of it is wrong. */
export class OffsetMoved extends Error {
  override readonly name = 'OffsetMoved';
}

/** Positions of the partitions of a topic; a partition never counted begins at 0 with the first call. */
export async function loadPositions(
  db: Queryable,
  partitions: readonly { topic: string; partition: number }[],
): Promise<Map<string, Position>> {
  const topics = partitions.map((p) => p.topic);
  const numbers = partitions.map((p) => p.partition);
  const { rows } = await db.query<{
    topic: string;
    partition: number;
    next_offset: number;
    last_digest: Buffer | null;
    generation: number;
  }>(
    `select topic, partition, next_offset, last_digest, generation from input_offsets
     where (topic, partition) in (select * from unnest($1::text[], $2::int[]))`,
    [topics, numbers],
  );
  return new Map(
    rows.map((r) => [
      keyOf(r),
      { nextOffset: r.next_offset, lastDigest: r.last_digest, generation: r.generation },
    ]),
  );
}

/** How far every partition that was ever counted has been. */
export async function loadProgress(db: Queryable): Promise<PartitionRead[]> {
  const { rows } = await db.query<{
    topic: string;
    partition: number;
    next_offset: number;
    read_to: number;
    read_up_to: number | null;
  }>(
    `select topic, partition, next_offset, greatest(next_offset, nothing_until) as read_to, read_up_to
     from input_offsets`,
  );
  return rows.map(({ topic, partition, next_offset, read_to, read_up_to }) => ({
    topic,
    partition,
    nextOffset: next_offset,
    readTo: read_to,
    readUpTo: read_up_to,
  }));
}

/** A run of the log behind what was counted, [nextOffset, until), that held nothing to count. */
export interface EmptyRun {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly generation: number;
  readonly until: number;
  /** Nothing before it was ever counted or is being counted: the partition need not be on record yet. */
  readonly begins: boolean;
}

/**
 * Writes down what was read without counting anything, of the partitions that still stand where the run begins, and
 * returns their `topic/partition`. Never moves `next_offset`: lag and what waits for the input go by it, counting does not.
 */
export async function saveEmptyRuns(db: Queryable, runs: readonly EmptyRun[]): Promise<string[]> {
  const columns = [
    runs.map((run) => run.topic),
    runs.map((run) => run.partition),
    runs.map((run) => run.nextOffset),
    runs.map((run) => run.generation),
    runs.map((run) => run.until),
    runs.map((run) => run.begins),
  ];
  // A partition that is not on record may be in its first transaction: put on record here, behind the records of that
  // transaction, it would be read from there on, and they would never be counted.
  const { rows } = await db.query<{ key: string }>(
    `insert into input_offsets as o (topic, partition, next_offset, generation, nothing_until)
     select topic, partition, next_offset, generation, until
     from unnest($1::text[], $2::int[], $3::int8[], $4::int[], $5::int8[], $6::bool[])
       as run(topic, partition, next_offset, generation, until, begins)
     where begins or exists (
       select from input_offsets known where known.topic = run.topic and known.partition = run.partition)
     order by topic, partition
     on conflict (topic, partition) do update
     set nothing_until = greatest(o.nothing_until, excluded.nothing_until)
     where o.next_offset = excluded.next_offset and o.generation = excluded.generation
     returning topic || '/' || partition as key`,
    columns,
  );
  return rows.map(({ key }) => key);
}

/**
 * Moves the offsets by compare-and-set, in the transaction that counts the records between: the guard that makes
 * counting exactly-once. Throws {@link OffsetMoved} when one of them is not where it was expected, or its log was replaced.
 */
export async function moveOffsets(tx: Queryable, steps: readonly OffsetStep[]): Promise<void> {
  const sorted = [...steps].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  const moved = await moveThoseOnRecord(tx, sorted);
  if (moved.size === sorted.length) return;
  // Once for each partition: the first that is counted of it.
  const others = sorted.filter((step) => !moved.has(keyOf(step)));
  await tx.query(
    `insert into input_offsets (topic, partition, next_offset)
     select * from unnest($1::text[], $2::int[], $3::int8[])
     on conflict do nothing`,
    [others.map((s) => s.topic), others.map((s) => s.partition), others.map((s) => s.expected)],
  );
  const movedNow = await moveThoseOnRecord(tx, others);
  if (movedNow.size !== others.length) throw new OffsetMoved('another process has counted on');
}

/** Moves those that are where they were expected, and returns their keys. */
async function moveThoseOnRecord(tx: Queryable, steps: readonly OffsetStep[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ topic: string; partition: number }>(
    `with step as (
       select * from unnest($1::text[], $2::int[], $3::int8[], $4::int8[], $5::timestamptz[], $6::bytea[],
         $7::int[]) as s(topic, partition, expected, next, read_up_to, digest, generation)
     ), held as (
       select o.topic, o.partition from input_offsets o join step s using (topic, partition)
       order by o.topic, o.partition for update of o
     )
     update input_offsets o
     set next_offset = s.next, read_up_to = s.read_up_to, last_digest = s.digest, updated_at = now()
     from step s join held h using (topic, partition)
     where o.topic = s.topic and o.partition = s.partition and o.next_offset = s.expected
       and o.generation = s.generation
     returning o.topic, o.partition`,
    [
      steps.map((s) => s.topic),
      steps.map((s) => s.partition),
      steps.map((s) => s.expected),
      steps.map((s) => s.next),
      steps.map((s) => timestamp(s.readUpTo)),
      steps.map((s) => s.lastDigest),
      steps.map((s) => s.generation ?? 0),
    ],
  );
  return new Set(rows.map(keyOf));
}
