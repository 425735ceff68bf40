import type { FetchedBatch, TopicPartition } from '../../../kafka/consumer/inputConsumer.js';
import type { LogBounds } from '../../../kafka/consumer/logBounds.js';
import { keyOf } from '../../../support/partitionKey.js';

/**
 * At the start the accounts topic is read to its end before anything else: events of accounts that are known would
 * otherwise be parked and taken up again one snapshot later.
 */
export class AccountsFirst {
  private readonly pending = new Map<string, number>();
  private held: readonly TopicPartition[] = [];

  /** Returns the partitions to read now; the others follow by {@link done}. */
  begin(partitions: readonly (LogBounds & { readonly from: number })[]): readonly TopicPartition[] {
    this.pending.clear();
    for (const partition of partitions) {
      if (partition.topic === 'platform.accounts.v1' && partition.from < partition.high) {
        this.pending.set(keyOf(partition), partition.high);
      }
    }
    const isAccounts = ({ topic }: TopicPartition): boolean => topic === 'platform.accounts.v1';
    this.held = this.pending.size === 0 ? [] : partitions.filter((p) => !isAccounts(p));
    return this.pending.size === 0 ? partitions : partitions.filter(isAccounts);
  }

  /** Lets everything be read that is still held: the accounts may end in records that compaction took away. */
  giveUp(): readonly TopicPartition[] {
    this.pending.clear();
    const released = this.held;
    this.held = [];
    return released;
  }

  /** A partition was read up to `next`; returns what may be read from now on. */
  done(batch: Pick<FetchedBatch, 'topic' | 'partition' | 'next'>): readonly TopicPartition[] {
    const high = this.pending.get(keyOf(batch));
    if (high === undefined || batch.next < high) return [];
    this.pending.delete(keyOf(batch));
    return this.pending.size > 0 ? [] : this.giveUp();
  }
}
