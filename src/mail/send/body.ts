import { Readable } from 'node:stream';

/** The attempt may not send: somebody else owns it, or it was stopped before the first byte. */
export class DataRefused extends Error {
  override readonly name = 'DataRefused';
}

/**
 * A message body that asks before its first byte. The SMTP client reads it after the server's 354, so what `begin`
 * commits is on record before the server can have seen anything.
 * @param begin resolves to true when the data may be sent
 * @param onFirstByte called synchronously before the first byte is handed over
 */
export function guardedBody(raw: Buffer, begin: () => Promise<boolean>, onFirstByte: () => void): Readable {
  let asked = false;
  return new Readable({
    read() {
      if (asked) return;
      asked = true;
      begin().then(
        (allowed) => {
          if (this.destroyed) return;
          if (!allowed) {
            this.destroy(new DataRefused('the data may not be sent'));
            return;
          }
          onFirstByte();
          this.push(raw);
          this.push(null);
        },
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
}
