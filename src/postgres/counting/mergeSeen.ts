import type { ChunkSize } from '../../domain/counting/seenChunks.js';
import type { Metric } from '../../domain/policy/policy.js';
import { transaction, type Queryable } from '../transaction.js';
import type pg from 'pg';

/** A group of seen ids of one month, and its chunks. */
export interface SeenGroup {
  readonly accountId: string;
  readonly metric: Metric;
  readonly chunks: readonly ChunkSize[];
}

/** Where the last look at a month ended. */
export interface GroupCursor {
  readonly accountId: string;
  readonly metric: Metric;
}

/** What of a group is to become one chunk. */
export interface Merge extends GroupCursor {
  readonly seqs: readonly number[];
}

/**
 * Groups of a month (`YYYY-MM-01`) after the cursor, as many as about `limit` chunks make, in the order of accounts.
 * A group that is cut off by the limit is there with a part of its chunks.
 */
export async function seenGroups(
  db: Queryable,
  month: string,
  after: GroupCursor | null,
  limit: number,
): Promise<{ readonly groups: SeenGroup[]; readonly isLast: boolean }> {
  const { rows } = await db.query<{ account_id: string; metric: Metric; seq: number; bytes: number }>(
    `select account_id, metric, seq, length(ids) as bytes from seen_ids
     where month = $1 and ($2::text is null or (account_id, metric) > ($2, $3::metric))
     order by account_id, metric, seq limit $4`,
    [month, after?.accountId ?? null, after?.metric ?? null, limit],
  );
  const groups: (SeenGroup & { chunks: ChunkSize[] })[] = [];
  for (const { account_id: accountId, metric, seq, bytes } of rows) {
    const last = groups.at(-1);
    if (last?.accountId === accountId && last.metric === metric) last.chunks.push({ seq, bytes });
    else groups.push({ accountId, metric, chunks: [{ seq, bytes }] });
  }
  return { groups, isLast: rows.length < limit };
}

/**
 * Puts chunks together: what they hold stands one after the other in the one with the highest number, so the group's
 * next number stays what processes remember. Accounts whose head somebody has locked are left for the next time.
 * Returns how many chunks are gone.
 */
export async function mergeChunks(pool: pg.Pool, month: string, merges: readonly Merge[]): Promise<number> {
  if (merges.length === 0) return 0;
  return transaction(pool, async (tx) => {
    const { rows } = await tx.query<{ account_id: string }>(
      `select account_id from account_heads where account_id = any($1::text[])
       order by account_id for update skip locked`,
      [[...new Set(merges.map(({ accountId }) => accountId))]],
    );
    const free = new Set(rows.map(({ account_id }) => account_id));
    const chunks = merges
      .filter(({ accountId }) => free.has(accountId))
      .flatMap(({ accountId, metric, seqs }) => seqs.map((seq) => ({ accountId, metric, seq })));
    if (chunks.length === 0) return 0;
    const merged = await tx.query<{ gone: number }>(
      `with taken as (
         delete from seen_ids s using unnest($2::text[], $3::metric[], $4::int[]) as c(account_id, metric, seq)
         where s.month = $1 and s.account_id = c.account_id and s.metric = c.metric and s.seq = c.seq
         returning s.account_id, s.metric, s.month, s.seq, s.ids
       ), written as (
         insert into seen_ids (account_id, metric, month, seq, ids)
         select account_id, metric, month, max(seq), string_agg(ids, ''::bytea order by seq) from taken
         group by account_id, metric, month
         returning 1
       )
       select (select count(*) from taken) - (select count(*) from written) as gone`,
      [month, chunks.map((c) => c.accountId), chunks.map((c) => c.metric), chunks.map((c) => c.seq)],
    );
    return merged.rows[0]?.gone ?? 0;
  });
}
