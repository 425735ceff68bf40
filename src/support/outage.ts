import pRetry from 'p-retry';
import { ExpectedError } from './expectedError.js';

interface Clues {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly status?: unknown;
  readonly retriable?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

const NETWORK = /^(ECONN\w+|ETIMEDOUT|EPIPE|EHOST\w+|ENET\w+|ENOTFOUND|EAI_AGAIN)$/;
/**
 * SQLSTATEs that end by themselves: connection, resources, operator (shutdown, starting up), input and output, a server
 * that only reads (a failover is not over yet), and a transaction that was ended because this process was silent in it.
 */
const SQL_OUTAGE = /^(08|53|57|58|25006$|25P03$)/;
// The last is kafkajs's: a connection broke while it looked at what that connection had told it of the cluster.
const PASSING_MESSAGE =
  /timeout|timed out|connection terminated|is not queryable|null \(reading 'topicMetadata'\)/i;
const REFUSED_STATUS: ReadonlySet<unknown> = new Set([401, 403, 409, 422]);

/** The error and everything it was caused by or gathered from. */
function chain(error: unknown, depth = 0): Clues[] {
  if (typeof error !== 'object' || error === null || depth > 8) return [];
  const clues = error as Clues;
  const gathered = Array.isArray(clues.errors) ? (clues.errors as unknown[]) : [];
  return [clues, ...[clues.cause, ...gathered].flatMap((part) => chain(part, depth + 1))];
}

function isSqlState(code: unknown): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

function isRefusal({ name, code, type, status, retriable }: Clues): boolean {
  if (REFUSED_STATUS.has(status) || name === 'KafkaJSSASLAuthenticationError') return true;
  if (typeof type === 'string' && name !== 'ResponseError' && retriable === false) return true;
  if (isSqlState(code)) return !SQL_OUTAGE.test(code);
  return typeof code === 'string' && /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
}

function isPassing({ name, message, code }: Clues): boolean {
  if (typeof code === 'string' && (NETWORK.test(code) || (isSqlState(code) && SQL_OUTAGE.test(code)))) {
    return true;
  }
  if (name === 'RegistryUnavailable' || (typeof name === 'string' && name.startsWith('KafkaJS'))) return true;
  return typeof message === 'string' && PASSING_MESSAGE.test(message);
}

/** Whether the server behind the error is down or not up yet, so that waiting helps; a refusal or a bug is not that. */
export function isOutage(error: unknown): boolean {
  const links = chain(error);
  return !links.some(isRefusal) && links.some(isPassing);
}

/** The innermost message of an error, in one line: what really happened. */
export function reasonOf(error: unknown): string {
  const messages = chain(error).map(({ message, code }) => (message === '' ? code : message));
  const last = messages.findLast((message) => typeof message === 'string' && message !== '');
  return typeof last === 'string' ? last.replace(/\s+/g, ' ') : String(error);
}

export interface WaitOptions {
  /** Said at the first failure and about every ten seconds: what is waited for, and why. */
  onWaiting(message: string): void;
  readonly signal?: AbortSignal | undefined;
}

const SAY_EVERY_MS = 10_000;

/**
 * Runs `attempt` until it works, for as long as what fails is an outage of `server` (`Kafka at host:port`). Anything
 * else ends it: with an {@link ExpectedError} where the server refused, unchanged where the error is unknown.
 */
export async function waitOut<T>(
  server: string,
  attempt: () => Promise<T>,
  options: WaitOptions,
): Promise<T> {
  let saidAt = Number.NEGATIVE_INFINITY;
  const once = async (): Promise<T> => {
    try {
      return await attempt();
    } catch (error) {
      throw error instanceof Error ? error : new Error(String(error));
    }
  };
  return pRetry(once, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 250,
    maxTimeout: 5_000,
    randomize: true,
    signal: options.signal,
    shouldRetry: ({ error }) => isOutage(error),
    onFailedAttempt: ({ error }) => {
      if (!isOutage(error)) throw refused(server, error);
      if (performance.now() - saidAt < SAY_EVERY_MS) return;
      saidAt = performance.now();
      options.onWaiting(`waiting for ${server}: ${reasonOf(error)}`);
    },
  });
}

function refused(server: string, error: Error): Error {
  if (error instanceof ExpectedError || !chain(error).some(isRefusal)) return error;
  return new ExpectedError(`${server} refuses: ${reasonOf(error)}`, { cause: error });
}
