import type { ChunkSize } from '../../domain/counting/seenChunks.js';
import { transaction, type Queryable } from '../transaction.js';
import type pg from 'pg';

/** The chunks of seen ids of an account in one month. */
interface AccountChunks {
  readonly accountId: string;
  readonly chunks: readonly ChunkSize[];
}

/** What of an account's chunks is to become one. */
export interface Merge {
  readonly accountId: string;
  readonly seqs: readonly number[];
}

/**
 * The chunks of a month (`YYYY-MM-01`) of the accounts after one (null: from the first), about `limit` of them, in the order of
 * accounts. One that is cut off by the limit is there with a part of its chunks.
 */
export async function seenChunks(
  db: Queryable,
  month: string,
  after: string | null,
  limit: number,
): Promise<{ readonly accounts: AccountChunks[]; readonly isLast: boolean }> {
  const { rows } = await db.query<{ account_id: string; seq: number; bytes: number }>(
    `select account_id, seq, length(counted) as bytes from seen_ids
     where month = $1 and ($2::text is null or account_id > $2)
     order by account_id, seq limit $3`,
    [month, after, limit],
  );
  const accounts: (AccountChunks & { chunks: ChunkSize[] })[] = [];
  for (const { account_id: accountId, seq, bytes } of rows) {
    const last = accounts.at(-1);
    if (last?.accountId === accountId) last.chunks.push({ seq, bytes });
    else accounts.push({ accountId, chunks: [{ seq, bytes }] });
  }
  return { accounts, isLast: rows.length < limit };
}

/**
 * Puts chunks together: what they hold stands one after the other in the one with the highest number, so the next number
 * stays what processes remember. Accounts whose head somebody has locked are left for the next time.
 * Returns how many chunks are gone.
 */
export async function mergeChunks(pool: pg.Pool, month: string, merges: readonly Merge[]): Promise<number> {
  if (merges.length === 0) return 0;
  return transaction(pool, async (tx) => {
    const { rows } = await tx.query<{ account_id: string }>(
      `select account_id from account_heads where account_id = any($1::text[])
       order by account_id for update skip locked`,
      [merges.map(({ accountId }) => accountId)],
    );
    const free = new Set(rows.map(({ account_id }) => account_id));
    const chunks = merges
      .filter(({ accountId }) => free.has(accountId))
      .flatMap(({ accountId, seqs }) => seqs.map((seq) => ({ accountId, seq })));
    if (chunks.length === 0) return 0;
    const merged = await tx.query<{ gone: number }>(
      `with taken as (
         delete from seen_ids s using unnest($2::text[], $3::int[]) as c(account_id, seq)
         where s.month = $1 and s.account_id = c.account_id and s.seq = c.seq
         returning s.account_id, s.month, s.seq, s.counted
       ), written as (
         insert into seen_ids (account_id, month, seq, counted)
         select account_id, month, max(seq), string_agg(counted, ''::bytea order by seq) from taken
         group by account_id, month
         returning 1
       )
       select (select count(*) from taken) - (select count(*) from written) as gone`,
      [month, chunks.map((c) => c.accountId), chunks.map((c) => c.seq)],
    );
    return merged.rows[0]?.gone ?? 0;
  });
}
