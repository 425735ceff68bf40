/** A failure that a person can act on: its message says what to do, and no stack trace is shown with it. */
export class ExpectedError extends Error {
  override readonly name: string = 'ExpectedError';
}
