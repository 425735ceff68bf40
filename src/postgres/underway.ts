/**
 * Statements of one transaction that are on their way while the work goes on. Postgres answers them in the order in which
 * they were sent; after the first that fails it refuses all that follow, which says nothing of the cause.
 */
export class Underway {
  private readonly sent: Promise<void>[] = [];
  /** Those from here on were sent since the last call of {@link keepUp}. */
  private since = 0;

  /** Lets the work go on; a failure is thrown by {@link keepUp} or {@link ended}. */
  send(statement: Promise<unknown>): void {
    // Without what it brought: that would be kept until the transaction ends.
    const ended = statement.then(() => undefined);
    ended.catch(() => undefined);
    this.sent.push(ended);
  }

  /** Waits for what was sent before the last call: so no more is ever on its way than what two calls enclose. */
  async keepUp(): Promise<void> {
    const before = this.sent.slice(0, this.since);
    this.since = this.sent.length;
    await allOf(before);
  }

  /** Waits for everything; throws the failure of what was sent first of all that failed. */
  async ended(): Promise<void> {
    await allOf(this.sent);
  }
}

/**
 * Does work that sends statements without waiting for each of them. Whatever fails, nothing of it is on its way any more
 * when this returns or throws, and what is thrown is the cause.
 */
export async function overlapping<T>(work: (underway: Underway) => T | Promise<T>): Promise<T> {
  const underway = new Underway();
  const [done] = await Promise.allSettled([worked(underway, work)]);
  try {
    await underway.ended();
  } catch (failure) {
    // The work's error follows from it, unless it follows from the work's: one that was sent may take several statements.
    throw done.status === 'rejected' && isRefusal(failure) ? done.reason : failure;
  }
  if (done.status === 'rejected') throw done.reason;
  return done.value;
}

async function worked<T>(underway: Underway, work: (underway: Underway) => T | Promise<T>): Promise<T> {
  return work(underway);
}

async function allOf(statements: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(statements);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end] : []));
  const first = failures.find(({ reason }) => !isRefusal(reason)) ?? failures[0];
  if (first !== undefined) throw first.reason;
}

/** Postgres did not look at the statement: one before it had failed. */
function isRefusal(failure: unknown): boolean {
  return (failure as { code?: unknown } | null)?.code === '25P02';
}
