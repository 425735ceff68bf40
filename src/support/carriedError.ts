/** An error as it passes from one thread to another: what tells an outage from a bug, and what people read. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly clues: Readonly<Record<string, string | number | boolean>>;
  readonly cause: CarriedError | null;
  /** Of an error that gathers others. */
  readonly errors: readonly CarriedError[] | null;
}

const CLUES = ['code', 'type', 'status', 'retriable'] as const;
const DEEPEST = 8;

export function carried(error: unknown, depth = 0): CarriedError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: undefined, clues: {}, cause: null, errors: null };
  }
  const clues: Record<string, string | number | boolean> = {};
  for (const name of CLUES) {
    const clue = (error as unknown as Record<string, unknown>)[name];
    if (typeof clue === 'string' || typeof clue === 'number' || typeof clue === 'boolean') clues[name] = clue;
  }
  const { name, message, stack, cause, errors } = error as Error & { readonly errors?: unknown };
  const deeper = (part: unknown): CarriedError => carried(part, depth + 1);
  return {
    ...{ name, message, stack, clues },
    cause: cause !== undefined && depth < DEEPEST ? deeper(cause) : null,
    errors: Array.isArray(errors) && depth < DEEPEST ? errors.map(deeper) : null,
  };
}

/** The error again, as {@link carried} has taken it. */
export function arrived({ name, message, stack, clues, cause, errors }: CarriedError): Error {
  const error = new Error(message, cause === null ? {} : { cause: arrived(cause) });
  if (stack !== undefined) error.stack = stack;
  if (errors !== null) Object.assign(error, { errors: errors.map(arrived) });
  return Object.assign(error, { name, ...clues });
}
