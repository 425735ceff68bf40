import { isUtf8 } from 'node:buffer';
import { InvalidField } from './decoded.js';

const ID_MAX = 200;
// What ISO 8601 and Postgres both write: the years 1 to 9999.
const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** An id: 1–200 characters of valid UTF-8 without U+0000 (contract §2). Throws {@link InvalidField}. */
export function id(bytes: Buffer, field: string): string {
  if (bytes.length === 0) throw new InvalidField(`${field} is empty`);
  if (!isUtf8(bytes)) throw new InvalidField(`${field} is not valid UTF-8`);
  if (bytes.includes(0)) throw new InvalidField(`${field} contains U+0000`);
  const text = bytes.toString('utf8');
  // Characters, not UTF-16 units; few ids are near the limit.
  if (text.length > ID_MAX && Array.from(text).length > ID_MAX) {
    throw new InvalidField(`${field} is longer than ${ID_MAX} characters`);
  }
  return text;
}

/** Any other text: what Postgres or a mail could not carry is replaced by U+FFFD. */
export function text(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\ufffd');
}

export function optionalText(bytes: Buffer | null): string | null {
  return bytes === null ? null : text(bytes);
}

/** An instant of the years 1 to 9999, epoch ms. Throws {@link InvalidField}. */
export function instant(ms: number, field: string): number {
  if (ms < FIRST_INSTANT_MS || ms > LAST_INSTANT_MS)
    throw new InvalidField(`${field} is out of range: ${ms}`);
  return ms;
}
