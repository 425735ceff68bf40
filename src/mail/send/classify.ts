import type { Outcome } from '../../domain/notices/delivery/outcome.js';

/** What is known of a failed attempt: nodemailer's error, and whether the first byte had been handed over. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
  /** The server's reply, where there was one. */
  readonly response: string | undefined;
  readonly responseCode: number | undefined;
  /** The SMTP command that was answered. */
  readonly command: string | undefined;
}

const MAX_REASON = 300;
// Answers that ask for credentials or encryption: our set-up is at fault, not the message.
const SETUP_CODES: readonly number[] = [530, 534, 535, 538];
const MESSAGE_CODES: readonly string[] = ['EENVELOPE', 'EMESSAGE'];
const SETUP_ERRORS: readonly string[] = ['EAUTH', 'ENOAUTH', 'ETLS', 'EREQUIRETLS', 'ECONFIG'];

/** Reads the fields of a nodemailer error. */
export function failureOf(error: unknown): Failure {
  const fields = error instanceof Error ? (error as Error & Partial<Record<keyof Failure, unknown>>) : null;
  return {
    message: error instanceof Error ? error.message : String(error),
    code: textOf(fields?.code),
    response: textOf(fields?.response),
    responseCode: typeof fields?.responseCode === 'number' ? fields.responseCode : undefined,
    command: textOf(fields?.command),
  };
}

/**
 * What a failed attempt means (contract §6). An answer decides, whenever it came: 5xx to the message is a refusal, 4xx
 * a retry. Without one, what failed before the first byte of the data is retried and what failed later is unknown.
 */
export function classify(failure: Failure, dataBegan: boolean): Outcome {
  const { code, responseCode } = failure;
  const aboutMessage = code !== undefined && MESSAGE_CODES.includes(code);
  // After the data only the reply to the data counts: half a line before the connection broke is no answer.
  const answer = dataBegan && code !== 'EMESSAGE' ? undefined : responseCode;
  if (answer !== undefined && isTemporary(answer)) return retry(failure, isSetup(failure));
  if (answer !== undefined && isPermanent(answer) && aboutMessage && !SETUP_CODES.includes(answer)) {
    return { kind: 'refused', answer: reasonOf(failure) };
  }
  if (dataBegan && !(answer !== undefined && isPermanent(answer))) {
    return { kind: 'unknown', reason: reasonOf(failure) };
  }
  return retry(failure, isSetup(failure) || (answer !== undefined && isPermanent(answer)));
}

/**
 * Whether a failure before the data may be one of the connection alone: it ended without an answer, the server said that
 * it ends it (421), or it takes no further message over it, which it says before it has heard of the recipient.
 */
export function isOfTheConnection({ responseCode, command }: Failure): boolean {
  return responseCode === undefined || responseCode === 421 || command === 'MAIL FROM';
}

const isTemporary = (code: number): boolean => code >= 400 && code < 500;
const isPermanent = (code: number): boolean => code >= 500 && code < 600;

function isSetup({ code, responseCode }: Failure): boolean {
  if (code !== undefined && SETUP_ERRORS.includes(code)) return true;
  return responseCode !== undefined && SETUP_CODES.includes(responseCode);
}

function retry(failure: Failure, loud: boolean): Outcome {
  return { kind: 'retry', reason: reasonOf(failure), loud };
}

/** The server's answer, or what went wrong, on one line. */
function reasonOf({ response, message }: Pick<Failure, 'response' | 'message'>): string {
  return oneLine(response ?? message);
}

/** A server's text without control characters, cut to what a person reads. */
export function oneLine(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON - 1).toWellFormed()}…` : line;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
