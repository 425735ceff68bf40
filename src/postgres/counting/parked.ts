import type { UsageEvent } from '../../domain/events.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

/** Where a record lies in the log, and its bytes. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface ParkedEvent {
  readonly event: UsageEvent;
  readonly record: LogRecord;
}

/** Keeps events of accounts that are not known yet, with their bytes. */
export async function parkEvents(tx: Queryable, parked: readonly ParkedEvent[]): Promise<void> {
  if (parked.length === 0) return;
  await tx.query(
    `insert into parked_events (account_id, topic, partition, "offset", arrived_at, usage, key, value, generation)
     select p.*, coalesce(o.generation, 0)
     from unnest($1::text[], $2::text[], $3::int[], $4::int8[], $5::timestamptz[], $6::jsonb[], $7::bytea[],
       $8::bytea[]) as p(account_id, topic, partition, "offset", arrived_at, usage, key, value)
     left join input_offsets o using (topic, partition)`,
    [
      parked.map((p) => p.event.accountId),
      parked.map((p) => p.record.topic),
      parked.map((p) => p.record.partition),
      parked.map((p) => p.record.offset),
      parked.map((p) => timestamp(p.event.arrivedAt)),
      parked.map((p) => JSON.stringify({ ...p.event, idHash: Buffer.from(p.event.idHash).toString('hex') })),
      parked.map((p) => p.record.key),
      parked.map((p) => p.record.value),
    ],
  );
}

/**
 * Takes out the parked events of accounts that became known, per account in the order of arrival. Those that arrived
 * before `oldest` (epoch ms) have waited too long: they stay, to become dead letters.
 */
export async function unparkEvents(
  tx: Queryable,
  accounts: readonly { readonly accountId: string; readonly oldest: number }[],
): Promise<Map<string, UsageEvent[]>> {
  const taken = new Map<string, UsageEvent[]>();
  if (accounts.length === 0) return taken;
  const { rows } = await tx.query<{ account_id: string; usage: UsageEvent & { idHash: string } }>(
    `with taken as (
       delete from parked_events p using unnest($1::text[], $2::timestamptz[]) as a(account_id, oldest)
       where p.account_id = a.account_id and p.arrived_at >= a.oldest
       returning p.account_id, topic, partition, "offset", arrived_at, usage
     )
     select account_id, usage from taken order by arrived_at, topic, partition, "offset"`,
    [accounts.map(({ accountId }) => accountId), accounts.map(({ oldest }) => timestamp(oldest))],
  );
  for (const { account_id, usage } of rows) {
    const events = taken.get(account_id) ?? [];
    events.push({ ...usage, idHash: Buffer.from(usage.idHash, 'hex') });
    taken.set(account_id, events);
  }
  return taken;
}
