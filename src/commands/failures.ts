import { ExpectedError } from '../support/expectedError.js';

const EXPECTED_NAMES: ReadonlySet<string> = new Set(['ConfigError', 'PolicyError', 'StackError']);

/**
 * Says on standard error why a command failed: the message alone where a person can act on it, otherwise one line,
 * with the stack below when `LOG_LEVEL` is debug or trace.
 */
export function reportFailure(error: unknown, stderr: NodeJS.WritableStream, env: NodeJS.ProcessEnv): void {
  if (!(error instanceof Error)) {
    stderr.write(`unexpected failure: ${String(error)}\n`);
    return;
  }
  if (error instanceof ExpectedError || EXPECTED_NAMES.has(error.name)) {
    stderr.write(`${error.message}\n`);
    return;
  }
  const level = env['LOG_LEVEL']?.toLowerCase();
  if (level === 'debug' || level === 'trace') {
    stderr.write(`unexpected ${error.stack ?? error.message}\n`);
    return;
  }
  const message = error.message.replace(/\s+/g, ' ');
  stderr.write(`unexpected ${error.name}: ${message} (LOG_LEVEL=debug shows where)\n`);
}
