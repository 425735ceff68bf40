import type { FetchedRecords } from '../consumer/fetchedRecords.js';

/** The wire format's head: a zero byte and the id of the writer's schema. */
export const HEAD_BYTES = 5;
const MAGIC = 0;

/** The id of the writer's schema of a value in [start, end); negative: it is none, or not in the wire format. */
export function schemaIdAt(bytes: Buffer, start: number, end: number): number {
  if (start < 0 || end - start < HEAD_BYTES || bytes[start] !== MAGIC) return -1;
  return bytes.readUInt32BE(start + 1);
}

/** The ids of all writers' schemas among the records. */
export function schemaIdsOf(records: FetchedRecords): Set<number> {
  const ids = new Set<number>();
  let last = -1;
  for (let n = 0; n < records.count; n += 1) {
    const id = schemaIdAt(records.bytes, records.valueStart(n), records.valueEnd(n));
    if (id === last || id < 0) continue;
    last = id;
    ids.add(id);
  }
  return ids;
}
