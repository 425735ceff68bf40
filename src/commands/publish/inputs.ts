import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';

const CHUNK_BYTES = 128 * 1024;

/** A source of lines: a file, or standard input for `-`. */
export interface Input {
  /** As it appears before a line number. */
  readonly name: string;
  /** Null where it cannot be known: standard input, a pipe. */
  readonly bytes: number | null;
  open(signal: AbortSignal): Readable;
}

export type InputResult =
  | { readonly ok: true; readonly input: Input }
  | { readonly ok: false; readonly name: string; readonly problem: string };

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'may not be read (permission denied)',
  EPERM: 'may not be read (permission denied)',
  EISDIR: 'is a directory; name the files in it',
};

/** Why a file cannot be read, in words. */
export function fileProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return PROBLEMS[code ?? ''] ?? message;
}

/** Looks at what the command line names, so that a wrong name is known before anything is sent. */
export async function findInput(path: string, stdin: Readable): Promise<InputResult> {
  if (path === '-') {
    const open = (signal: AbortSignal): Readable => addAbortSignal(signal, stdin);
    return { ok: true, input: { name: '<stdin>', bytes: null, open } };
  }
  try {
    const found = await stat(path);
    if (found.isDirectory()) return { ok: false, name: path, problem: fileProblem({ code: 'EISDIR' }) };
    const open = (signal: AbortSignal): Readable =>
      addAbortSignal(signal, createReadStream(path, { highWaterMark: CHUNK_BYTES }));
    return { ok: true, input: { name: path, bytes: found.isFile() ? found.size : null, open } };
  } catch (error) {
    return { ok: false, name: path, problem: fileProblem(error) };
  }
}
