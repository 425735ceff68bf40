import type { Resolver, Type } from 'avsc';
import type { Registry } from '../../kafka/registry.js';
import { schemaType } from '../../kafka/schemas.js';
import type { InputTopic, PlatformRecord } from '../records.js';
import type { JournalledAccount } from '../state.js';
import type { Garbage, LogEntry } from '../truth/types.js';
import type { RawRecord } from './readTopics.js';

/** Turns raw records of the platform and the output topics into values, by the schemas they were written with. */
export class Decoder {
  private readonly writers = new Map<number, Type | null>();
  private readonly resolvers = new Map<string, Resolver | null>();

  constructor(private readonly registry: Registry) {}

  /** The value, or what is wrong with the bytes. */
  async decode(topic: Parameters<typeof schemaType>[0], bytes: Buffer | null): Promise<unknown> {
    if (bytes === null || bytes.length === 0) return 'EMPTY';
    if (bytes.length < 5 || bytes[0] !== 0) return 'UNDECODABLE';
    const id = bytes.readUInt32BE(1);
    const writer = await this.writer(id);
    if (writer === null) return 'UNKNOWN_SCHEMA';
    const resolver = this.resolver(topic, id, writer);
    if (resolver === null) return 'UNDECODABLE';
    const body = bytes.subarray(5);
    try {
      const value = schemaType(topic).fromBuffer(body, resolver) as unknown;
      // Broken text decodes to a replacement sign, and is then written differently.
      return writer.toBuffer(writer.fromBuffer(body)).equals(body) ? value : 'INVALID';
    } catch {
      return 'UNDECODABLE';
    }
  }

  private async writer(id: number): Promise<Type | null> {
    const known = this.writers.get(id);
    if (known !== undefined) return known;
    const writer = await this.registry.writerType(id);
    this.writers.set(id, writer);
    return writer;
  }

  private resolver(topic: Parameters<typeof schemaType>[0], id: number, writer: Type): Resolver | null {
    const name = `${topic}/${String(id)}`;
    let resolver = this.resolvers.get(name);
    if (resolver === undefined) {
      try {
        resolver = schemaType(topic).createResolver(writer);
      } catch {
        resolver = null;
      }
      this.resolvers.set(name, resolver);
    }
    return resolver;
  }
}

/** The log as the recount reads it: decoded, in order of arrival, with account records that compaction removed. */
export async function decodeLog(
  records: readonly RawRecord[],
  journal: readonly JournalledAccount[],
  decoder: Decoder,
  shiftMs: number,
): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (const record of records) {
    const topic = record.topic as InputTopic;
    const place = { topic, partition: record.partition, offset: record.offset, arrivedAt: record.timestamp };
    if (topic === 'platform.accounts.v1' && record.value === null) {
      entries.push({ ...place, tombstone: record.key?.toString() ?? '' });
      continue;
    }
    const value = await decoder.decode(topic, record.value);
    if (typeof value === 'string') entries.push({ ...place, garbage: value as Garbage });
    else entries.push({ ...place, value } as LogEntry & PlatformRecord);
  }
  const topic = 'platform.accounts.v1' as const;
  const present = new Set(
    entries.filter((entry) => entry.topic === topic).map(({ partition, offset }) => `${partition}/${offset}`),
  );
  for (const { key, value, ...at } of journal) {
    if (present.has(`${at.partition}/${at.offset}`)) continue;
    entries.push(value === null ? { topic, ...at, tombstone: key } : { topic, ...at, value });
  }
  for (const entry of entries) entry.arrivedAt += shiftMs;
  return entries.sort(byArrival);
}

function byArrival(one: LogEntry, other: LogEntry): number {
  if (one.topic === other.topic && one.partition === other.partition) return one.offset - other.offset;
  if (one.arrivedAt !== other.arrivedAt) return one.arrivedAt - other.arrivedAt;
  return one.topic.localeCompare(other.topic) || one.partition - other.partition;
}
