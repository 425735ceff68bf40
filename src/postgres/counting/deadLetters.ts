import type { Refusal } from '../../domain/events.js';
import type { Queryable } from '../transaction.js';
import type { LogRecord } from './parked.js';

/** Records what could not be counted, with its bytes; the relay copies it to the dead-letter topic from here. */
export async function writeDeadLetters(
  tx: Queryable,
  letters: readonly { readonly record: LogRecord; readonly refusal: Refusal }[],
): Promise<void> {
  if (letters.length === 0) return;
  await tx.query(
    `insert into dead_letters (topic, partition, "offset", reason, detail, key, value, generation)
     select l.*, coalesce(o.generation, 0)
     from unnest($1::text[], $2::int[], $3::int8[], $4::text[], $5::text[], $6::bytea[], $7::bytea[])
       as l(topic, partition, "offset", reason, detail, key, value)
     left join input_offsets o using (topic, partition)
     on conflict do nothing`,
    [
      letters.map((l) => l.record.topic),
      letters.map((l) => l.record.partition),
      letters.map((l) => l.record.offset),
      letters.map((l) => l.refusal.reason),
      letters.map((l) => l.refusal.detail),
      letters.map((l) => l.record.key),
      letters.map((l) => l.record.value),
    ],
  );
}
