import { timestamp } from '../pool.js';
import { transaction } from '../transaction.js';
import type { Queryable } from '../transaction.js';
import type pg from 'pg';

/** Input that a person gave up; times in epoch milliseconds, null where nobody knows. */
export interface AcceptedLoss {
  readonly topic: string;
  readonly partition: number;
  readonly kind: 'DELETED' | 'REPLACED';
  readonly from: number;
  readonly to: number | null;
  readonly resumedAt: number;
  readonly arrivedAfter: number | null;
  readonly arrivedBefore: number | null;
  readonly by: string;
  readonly reason: string;
}

export interface RecordedLoss extends AcceptedLoss {
  readonly id: number;
  readonly decidedAt: number;
}

/**
 * Records a loss and sets the partition behind it, if it still stands where the loss begins; null: somebody has moved it
 * meanwhile, and nothing is recorded. Steps of processes that still hold records of a log that was replaced fail from
 * now on.
 */
export async function acceptLoss(
  pool: pg.Pool,
  loss: AcceptedLoss,
  generation: number,
): Promise<number | null> {
  return transaction(pool, async (tx) => {
    const { rowCount } = await tx.query(
      `update input_offsets
       set next_offset = $3, last_digest = null, generation = generation + $4, nothing_until = null,
         updated_at = now()
       where topic = $1 and partition = $2 and next_offset = $5 and generation = $6`,
      [loss.topic, loss.partition, loss.resumedAt, loss.kind === 'REPLACED' ? 1 : 0, loss.from, generation],
    );
    if (rowCount !== 1) return null;
    const { rows } = await tx.query<{ loss_id: number }>(
      `insert into input_losses (topic, partition, kind, lost_from, lost_to, resumed_at, arrived_after, arrived_before,
         decided_by, reason)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning loss_id`,
      [
        loss.topic,
        loss.partition,
        loss.kind,
        loss.from,
        loss.to,
        loss.resumedAt,
        loss.arrivedAfter === null ? null : timestamp(loss.arrivedAfter),
        loss.arrivedBefore === null ? null : timestamp(loss.arrivedBefore),
        loss.by,
        loss.reason,
      ],
    );
    return rows[0]?.loss_id ?? null;
  });
}

/** Every decision that was made, oldest first. */
export async function recordedLosses(db: Queryable): Promise<RecordedLoss[]> {
  const { rows } = await db.query<RecordedLoss>(
    `select loss_id as id, topic, partition, kind, lost_from as "from", lost_to as "to", resumed_at as "resumedAt",
       arrived_after as "arrivedAfter", arrived_before as "arrivedBefore", decided_by as by, reason,
       decided_at as "decidedAt"
     from input_losses order by loss_id`,
  );
  return rows;
}
