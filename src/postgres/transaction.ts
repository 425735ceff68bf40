import type pg from 'pg';
import { failpoint, type CommitPoint } from '../support/failpoints.js';

/** What a statement needs: a pool, or the one connection of a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

/**
 * Runs `work` in one transaction on a connection of its own. Any throw rolls back; a connection that broke is
 * thrown away, so that its session (and every lock in it) ends.
 */
export async function transaction<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  return commit(pool, null, work);
}

/** The same with a name, by which tests make it fail right before or after its commit. */
export async function namedTransaction<T>(
  pool: pg.Pool,
  name: CommitPoint,
  work: (tx: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return commit(pool, name, work);
}

async function commit<T>(
  pool: pg.Pool,
  name: CommitPoint | null,
  work: (tx: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await commitOn(client, name, work, (failure) => {
      broken = failure;
    });
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Runs `work` in one transaction on a session that the caller has and looks after. */
export async function transactionOn<T>(
  session: pg.PoolClient,
  work: (tx: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return commitOn(session, null, work, () => undefined);
}

async function commitOn<T>(
  client: pg.PoolClient,
  name: CommitPoint | null,
  work: (tx: pg.PoolClient) => Promise<T>,
  onBroken: (failure: Error) => void,
): Promise<T> {
  try {
    await client.query('begin');
    const result = await work(client);
    if (name !== null) await failpoint(`${name}.before-commit`);
    await client.query('commit');
    if (name !== null) await failpoint(`${name}.after-commit`);
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: unknown) => {
      onBroken(failure instanceof Error ? failure : new Error(String(failure)));
    });
    throw error;
  }
}
