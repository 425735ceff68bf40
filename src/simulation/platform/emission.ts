import type { InputTopic, PlatformRecord } from '../records.js';

/** What the platform publishes: a record, a tombstone or plain bytes, under a key. */
export type Emission =
  | (PlatformRecord & {
      key: string;
      /** Spoils the encoded record: `cut` truncates it, `not-utf8` breaks the é in its text. */
      damage?: 'cut' | 'not-utf8';
    })
  | { topic: InputTopic; key: string; bytes: Buffer | null };

/** A record under its account's key. */
export function emit(record: PlatformRecord): Emission {
  return { ...record, key: record.value.accountId };
}
