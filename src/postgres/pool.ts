import pg from 'pg';

// Counts are below 2^53 by validation; reading int8 as text everywhere would only hide arithmetic in conversions.
const INT8 = 20;
const NUMERIC_OIDS: readonly number[] = [INT8];
const TIMESTAMPTZ = 1184;

/**
 * A process that is stopped for good keeps its connections, and would keep locks that others wait for. Honest work is never
 * silent for so long: connections that are not in use are closed after ten seconds.
 */
const SILENCE_MS = 60_000;

/** Types as the engine reads them: int8 as number (an unsafe one throws), timestamptz as epoch milliseconds. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (NUMERIC_OIDS.includes(oid)) return parseInt8;
    if (oid === TIMESTAMPTZ) return parseTimestamp;
    return (pg.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format);
  }) as typeof pg.types.getTypeParser,
};

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 beyond 2^53: ${text}`);
  return value;
}

function parseTimestamp(text: string): number {
  return Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
}

/**
 * A pool of connections in UTC; an idle connection that breaks is reported to `onError` and replaced.
 * @param silenceMs after how long without a word from this process Postgres ends a session, with its transaction and locks
 */
export function createPool(
  databaseUrl: string,
  max: number,
  onError: (error: Error) => void,
  silenceMs = SILENCE_MS,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    types,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // Statements that nobody waits for one by one are sent at once; those of everybody else go one after the other anyway.
    pipeline: true,
    application_name: 'fair-use',
    options: `-c timezone=UTC -c idle_in_transaction_session_timeout=${silenceMs} -c idle_session_timeout=${silenceMs}`,
  });
  pool.on('error', onError);
  // A connection that breaks in the very moment in which it is handed out has no listener yet, and an error without
  // one ends the process; whoever uses the connection learns of it from the next statement.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

/** Epoch milliseconds as a value for a timestamptz parameter. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
