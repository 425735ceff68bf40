/** An error as it passes from one thread to another: what tells an outage from a bug, and what people read. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly clues: Readonly<Record<string, string | number | boolean>>;
  readonly cause: CarriedError | null;
}

const CLUES = ['code', 'type', 'status', 'retriable'] as const;
const DEEPEST = 8;

export function carried(error: unknown, depth = 0): CarriedError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: undefined, clues: {}, cause: null };
  }
  const clues: Record<string, string | number | boolean> = {};
  for (const name of CLUES) {
    const clue = (error as unknown as Record<string, unknown>)[name];
    if (typeof clue === 'string' || typeof clue === 'number' || typeof clue === 'boolean') clues[name] = clue;
  }
  const { name, message, stack, cause } = error;
  const hasCause = cause !== undefined && depth < DEEPEST;
  return { name, message, stack, clues, cause: hasCause ? carried(cause, depth + 1) : null };
}

/** The error again, as {@link carried} has taken it. */
export function arrived({ name, message, stack, clues, cause }: CarriedError): Error {
  const error = new Error(message, cause === null ? {} : { cause: arrived(cause) });
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, { name, ...clues });
}
