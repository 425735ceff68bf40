import type { Account } from '../../domain/accounts/account.js';
import type { AccountEvent, ReplyEvent } from '../../domain/events.js';
import { timestamp } from '../pool.js';
import type { Queryable } from '../transaction.js';

export async function writeAccounts(
  tx: Queryable,
  accounts: readonly { accountId: string; account: Account }[],
): Promise<void> {
  if (accounts.length === 0) return;
  const of = <V>(value: (account: Account) => V): V[] => accounts.map(({ account }) => value(account));
  await tx.query(
    `insert into accounts (account_id, revision, updated_at, tombstoned, status, plan, snapshot, history, calendar,
       problems, judged_by)
     select * from unnest($1::text[], $2::int8[], $3::timestamptz[], $4::bool[], $5::text[], $6::text[], $7::jsonb[],
       $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::text[])
     on conflict (account_id) do update set
       revision = excluded.revision, updated_at = excluded.updated_at, tombstoned = excluded.tombstoned,
       status = excluded.status, plan = excluded.plan, snapshot = excluded.snapshot, history = excluded.history,
       calendar = excluded.calendar, problems = excluded.problems, judged_by = excluded.judged_by`,
    [
      accounts.map(({ accountId }) => accountId),
      of((a) => a.snapshot.revision),
      of((a) => timestamp(a.snapshot.updatedAt)),
      of((a) => a.tombstoned),
      of((a) => a.snapshot.status),
      of((a) => a.snapshot.plan),
      of((a) => JSON.stringify(a.snapshot)),
      of((a) => JSON.stringify(a.history)),
      of((a) => JSON.stringify(a.calendar)),
      of((a) => JSON.stringify(a.problems)),
      of((a) => a.judgedBy),
    ],
  );
}

/** Keeps snapshots as they were applied, numbered per account. */
export async function keepSnapshots(tx: Queryable, events: readonly AccountEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query(
    `insert into account_snapshots (account_id, applied, arrived_at, snapshot)
     select e.account_id,
       coalesce((select max(s.applied) from account_snapshots s where s.account_id = e.account_id), 0)
         + row_number() over (partition by e.account_id order by e.position),
       e.arrived_at, e.snapshot
     from unnest($1::text[], $2::timestamptz[], $3::jsonb[]) with ordinality
       as e(account_id, arrived_at, snapshot, position)`,
    [
      events.map((e) => e.accountId),
      events.map((e) => timestamp(e.arrivedAt)),
      events.map((e) => (e.snapshot === null ? null : JSON.stringify(e.snapshot))),
    ],
  );
}

export async function writeReplies(tx: Queryable, replies: readonly ReplyEvent[]): Promise<void> {
  if (replies.length === 0) return;
  await tx.query(
    `insert into replies (account_id, event_id, notification_id, channel, occurred_at)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
     on conflict do nothing`,
    [
      replies.map((r) => r.accountId),
      replies.map((r) => r.eventId),
      replies.map((r) => r.notificationId),
      replies.map((r) => r.channel),
      replies.map((r) => timestamp(r.occurredAt)),
    ],
  );
}
