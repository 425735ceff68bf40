import { createHash } from 'node:crypto';

/** Number of shards of the outbox; stored with each row, so it may change between releases. */
export const OUTBOX_SHARDS = 16;

/** The shard of an account: one relay at a time publishes a shard, so an account's events keep their order. */
export function shardOf(accountId: string): number {
  return (createHash('md5').update(accountId).digest()[0] ?? 0) % OUTBOX_SHARDS;
}
