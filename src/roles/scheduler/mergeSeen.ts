import type pg from 'pg';
import { chunksToMerge } from '../../domain/counting/seenChunks.js';
import { mergeChunks, seenChunks, type Merge } from '../../postgres/counting/mergeSeen.js';
import { monthEnd, seenMonths } from '../../postgres/partitions.js';

// A round looks at so many chunks of a month and goes on from there in the next one.
const CHUNKS_A_LOOK = 20_000;
// Heads are locked for as long as one of these takes: a few milliseconds.
const ACCOUNTS_AT_ONCE = 50;
// Late events still come for a while: most of them within days.
const RESTS_AFTER_MS = 3 * 86_400_000;

/** Merges the chunks of seen ids that counting appends, account by account, a bounded part of them each round. */
export class SeenMerging {
  /** The account where the last look at a month ended. */
  private readonly cursors = new Map<string, string>();

  /** Returns how many chunks were merged away. `now`: business time, epoch ms. */
  async round(pool: pg.Pool, now: number): Promise<number> {
    const months = await seenMonths(pool);
    for (const month of this.cursors.keys()) if (!months.includes(month)) this.cursors.delete(month);
    let gone = 0;
    for (const month of months) gone += await this.mergeMonth(pool, month, now);
    return gone;
  }

  private async mergeMonth(pool: pg.Pool, month: string, now: number): Promise<number> {
    const rests = now > monthEnd(Date.parse(month)) + RESTS_AFTER_MS;
    const after = this.cursors.get(month) ?? null;
    const { accounts, isLast } = await seenChunks(pool, month, after, CHUNKS_A_LOOK);
    const last = accounts.at(-1);
    if (isLast || last === undefined) this.cursors.delete(month);
    else this.cursors.set(month, last.accountId);
    const merges = accounts.flatMap(({ accountId, chunks }): Merge[] => {
      const seqs = chunksToMerge(chunks, rests);
      return seqs.length === 0 ? [] : [{ accountId, seqs }];
    });
    let gone = 0;
    for (let at = 0; at < merges.length; at += ACCOUNTS_AT_ONCE) {
      gone += await mergeChunks(pool, month, merges.slice(at, at + ACCOUNTS_AT_ONCE));
    }
    return gone;
  }
}
