import type { Queryable } from '../transaction.js';

/**
 * Has the rest of the transaction look rows up by their keys. Of tables that grow a hundredfold within an hour the planner
 * knows too little: it reads them whole to find the rows of a few thousand accounts, with every batch.
 */
export async function lookUpByKey(tx: Queryable): Promise<void> {
  await tx.query(
    'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off',
  );
}
