import type { Admin } from 'kafkajs';
import type pg from 'pg';
import type { FetchedBatch, TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import { logBounds, type LogBounds } from '../../kafka/consumer/logBounds.js';
import { loadPositions, type Position } from '../../postgres/counting/offsets.js';
import { InputLost, lossByBounds, type Loss } from './inputLost.js';
import { keyOf } from '../../support/partitionKey.js';
import type { Positions } from './positions.js';

/** Where an assignment stands: what the broker has, and what the database has counted. */
export interface Standing {
  readonly bounds: readonly LogBounds[];
  readonly stored: ReadonlyMap<string, Position>;
}

export async function readStanding(
  admin: Admin,
  pool: pg.Pool,
  partitions: readonly TopicPartition[],
): Promise<Standing> {
  // In this order: what a former owner still counts meanwhile must not lie beyond an end of the log read before.
  const stored = await loadPositions(pool, partitions);
  return { bounds: await logBounds(admin, partitions), stored };
}

/** Sets the positions; returns where to read each partition from. Throws `InputLost`, with all that is lost. */
export function beginPartitions(
  { bounds, stored }: Standing,
  positions: Positions,
): (LogBounds & { readonly from: number })[] {
  positions.clear();
  const lost: Loss[] = [];
  const begun = bounds.map((bound) => {
    const position = stored.get(keyOf(bound));
    const loss = lossByBounds(bound, position?.nextOffset ?? bound.low);
    if (loss !== null) lost.push(loss);
    return { ...bound, from: loss === null ? positions.begin(bound, position) : bound.low };
  });
  const [first, ...others] = lost;
  if (first !== undefined) throw new InputLost([first, ...others]);
  return begun;
}

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
    if (this.pending.size > 0) return [];
    const released = this.held;
    this.held = [];
    return released;
  }
}
