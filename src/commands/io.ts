import type { Readable } from 'node:stream';
import type { Terminal } from './publish/progress.js';

/** What the command line reads from and writes to. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: Terminal;
  /** A signal that Ctrl-C and SIGTERM abort; asked for only by commands that do not handle them themselves. */
  interruption(): AbortSignal;
}
