import pg from 'pg';
import type { Queryable } from './transaction.js';
import type { BinaryRows } from './binaryRows.js';

/** What a connection has besides what its types name; see `connection.js` of pg. */
interface CopyConnection extends pg.Connection {
  endCopyFrom(): void;
}

/** A pool or a client, which take a callback with a statement of a class of its own. */
interface CopyTarget {
  query(statement: CopyIn, ended: (error: Error | null | undefined) => void): unknown;
}

/**
 * Adds rows that are not there yet, by COPY: Postgres takes them in for half of what an `insert … on conflict` costs. A
 * key that is there fails with 23505, as an insert does. The rows are given up: they cannot be used again.
 * @param target the table and its columns, in the order of the fields of each row: `windows (account_id, rule)`
 */
export async function copyIn(tx: Queryable, target: string, rows: BinaryRows): Promise<void> {
  if (rows.count === 0) return;
  const statement = new CopyIn(`copy ${target} from stdin (format binary)`, rows.message());
  await new Promise<void>((resolve, reject) => {
    (tx as unknown as CopyTarget).query(statement, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  // Not where it failed: some of it may be on its way still.
  rows.giveBack();
}

/**
 * A COPY that is sent with all its rows, so that other statements can be on their way behind it. (The streams of
 * pg-copy-streams wait for Postgres to ask for rows; a statement that is sent meanwhile would end the COPY, and pg refuses
 * them where statements are pipelined.) Where the COPY fails, Postgres ignores the rows that follow.
 */
class CopyIn extends pg.Query {
  constructor(
    private readonly command: string,
    private readonly message: Buffer,
  ) {
    super(command);
  }

  override submit = (connection: pg.Connection): void => {
    const { stream } = connection;
    stream.cork();
    try {
      connection.query(this.command);
      // As pg sends what it has: nothing on a connection that has ended, whose statements fail by themselves.
      if (stream.writable) stream.write(this.message);
      (connection as CopyConnection).endCopyFrom();
    } finally {
      stream.uncork();
    }
  };

  /** Postgres asks for the rows: they are on their way. */
  handleCopyInResponse(): void {}
}
