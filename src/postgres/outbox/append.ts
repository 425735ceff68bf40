import type { Outgoing } from '../../domain/counting/changes.js';
import type { Queryable } from '../transaction.js';
import { OUTBOX_CHANNEL } from './channel.js';
import { shardOf } from './shards.js';

/**
 * Puts events on their way, in the transaction in which they became true and under the lock of their accounts: ids
 * taken here are in the order of becoming true. The commit wakes whoever listens for them; one that brings no events
 * wakes nobody, since a commit that does takes its turn with all others that do.
 */
export async function appendOutbox(
  tx: Queryable,
  events: readonly { readonly accountId: string; readonly event: Outgoing }[],
): Promise<void> {
  if (events.length === 0) return;
  await tx.query(
    `with appended as (
       insert into outbox (account_id, shard, topic, event_id, record)
       select account_id, shard, topic, event_id, record
       from unnest($1::text[], $2::int2[], $3::text[], $4::uuid[], $5::jsonb[]) with ordinality
         as e(account_id, shard, topic, event_id, record, position)
       order by position)
     select pg_notify('${OUTBOX_CHANNEL}', '')`,
    [
      events.map((e) => e.accountId),
      events.map((e) => shardOf(e.accountId)),
      events.map((e) => e.event.topic),
      events.map((e) => e.event.eventId),
      events.map((e) => JSON.stringify(e.event.record)),
    ],
  );
}
