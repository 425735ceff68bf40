import type { Admin } from 'kafkajs';
import type pg from 'pg';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import { logBounds } from '../../kafka/consumer/logBounds.js';
import { loadPositions } from '../../postgres/counting/offsets.js';
import { keyOf } from '../../support/partitionKey.js';
import { InputLost, lossByBounds } from './inputLost.js';
import type { PartitionStart } from './reading/messages.js';

/** Where an assignment stands: what the broker has, and what the database has counted. */
export async function readStanding(
  admin: Admin,
  pool: pg.Pool,
  partitions: readonly TopicPartition[],
): Promise<PartitionStart[]> {
  // In this order: what a former owner still counts meanwhile must not lie beyond an end of the log read before.
  const stored = await loadPositions(pool, partitions);
  const bounds = await logBounds(admin, partitions);
  return bounds.map((bound) => ({ ...bound, position: stored.get(keyOf(bound)) }));
}

/** Throws `InputLost`, with all that is lost, when the broker's log is not the one that was counted. */
export function assertNothingLost(partitions: readonly PartitionStart[]): void {
  const [first, ...others] = partitions.flatMap(
    ({ position, ...bounds }) => lossByBounds(bounds, position?.nextOffset ?? bounds.low) ?? [],
  );
  if (first !== undefined) throw new InputLost([first, ...others]);
}
