import { pino, type Logger } from 'pino';

export type Log = Logger;

/** One JSON line per message on standard error; secrets never reach it because configuration is never logged whole. */
export function createLog(level: string, role?: string): Log {
  return pino({ level, base: role === undefined ? {} : { role } }, pino.destination({ dest: 2, sync: true }));
}

/** The same into a file, for a program whose terminal shows something else. */
export function createFileLog(file: string): Log {
  return pino({ level: 'info' }, pino.destination({ dest: file, mkdir: true, sync: true }));
}
