import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  readRecordBatches,
  type AbortedTransaction,
  type Fetched,
} from '../../../src/kafka/consumer/recordBatches.js';

const require = createRequire(import.meta.url);
const part = (path: string): unknown => require(`kafkajs/src/protocol/${path}`);

interface Encoded {
  readonly buffer: Buffer;
}
interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly offset: string;
  readonly timestamp: string;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly firstOffset: string; readonly lastOffsetDelta: number };
}
const Decoder = part('decoder') as new (bytes: Buffer) => object;
const decodeMessages = part('requests/fetch/v4/decodeMessages') as (decoder: object) => Promise<Message[]>;
const { RecordBatch } = part('recordBatch/v0') as { RecordBatch: (settings: object) => Promise<Encoded> };
const record = part('recordBatch/record/v0') as (settings: object) => Encoded;
const { lookupCodec } = part('message/compression') as {
  lookupCodec: (type: number) => { decompress: (bytes: Buffer) => Promise<Buffer> };
};
const ATTRIBUTES_AT = 21;
const HEAD_BYTES = 17;
const [PLAIN, GZIP] = [0, 1];
const CONTROL = 0x20;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const optional = fc.option(bytes, { nil: null });
const batch = fc.record({
  firstTimestamp: fc.integer({ min: 1.6e12, max: 1.9e12 }),
  transactional: fc.boolean(),
  producerId: fc.integer({ min: 1, max: 3 }),
  compression: fc.constantFrom(PLAIN, PLAIN, GZIP),
  /** The broker stamped them; it is a batch of control records. */
  flags: fc.constantFrom(0, 0x08, CONTROL),
  /** Offsets that compaction took before it. */
  gap: fc.nat(3),
  records: fc.array(
    fc.record({ key: optional, value: optional, later: fc.integer({ min: -5_000, max: 2 ** 40 }) }),
    { minLength: 1, maxLength: 6 },
  ),
});
type Batch = Omit<typeof batch extends fc.Arbitrary<infer T> ? T : never, 'gap'>;

/** Offsets are too large for 32 bits now and then. */
const log = fc.record({
  firstOffset: fc.oneof(fc.nat(1_000), fc.integer({ min: 2 ** 31, max: 2 ** 52 })),
  batches: fc.array(batch, { maxLength: 4 }),
});

async function encoded(firstOffset: number, of: Batch): Promise<Buffer> {
  const { firstTimestamp, transactional, producerId, compression, flags, records } = of;
  const { buffer } = await RecordBatch({
    firstOffset,
    firstTimestamp,
    maxTimestamp: firstTimestamp + 7,
    transactional,
    producerId,
    compression,
    lastOffsetDelta: records.length - 1,
    records: records.map(({ key, value, later }, offsetDelta) =>
      record({ offsetDelta, timestampDelta: later, key, value, headers: { name: 'value' } }),
    ),
  });
  buffer[ATTRIBUTES_AT + 1] = (buffer[ATTRIBUTES_AT + 1] ?? 0) | flags;
  return buffer;
}

async function encodedLog({ firstOffset, batches }: typeof log extends fc.Arbitrary<infer T> ? T : never) {
  let offset = firstOffset;
  const parts: Buffer[] = [];
  for (const one of batches) {
    offset += one.gap;
    parts.push(await encoded(offset, one));
    offset += one.records.length;
  }
  return Buffer.concat(parts);
}

const decompress = (attributes: number, zipped: Buffer): Promise<Buffer> =>
  lookupCodec(attributes & 7).decompress(zipped);
const read = (from: Buffer, first = 0, aborted: AbortedTransaction[] = []): Promise<Fetched | null> =>
  readRecordBatches(from, first, aborted, decompress);

function all({ records }: Pick<Fetched, 'records'>): unknown[] {
  return Array.from({ length: records.count }, (_, n) => records.at(n));
}

async function byTheClient(from: Buffer): Promise<Message[]> {
  const sized = Buffer.concat([Buffer.alloc(4), from]);
  sized.writeInt32BE(from.length);
  return decodeMessages(new Decoder(sized));
}

const VALUE = { key: null, value: Buffer.from('v'), later: 0 };
const of = (more: Partial<Batch> = {}): Batch => ({
  firstTimestamp: 1.7e12,
  transactional: false,
  producerId: 1,
  compression: PLAIN,
  flags: 0,
  records: [VALUE],
  ...more,
});

describe('record batches', () => {
  it('are read as the client reads them, from any offset, wherever the last one is cut off', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(log, share, fc.nat(8), async (made, cut, skipped) => {
        const whole = await encodedLog(made);
        // The client itself does not bear less than the head of a batch.
        const length = Math.ceil(whole.length * cut);
        const cutOff = whole.subarray(0, length < HEAD_BYTES ? 0 : length);
        const from = made.firstOffset + skipped;
        const messages = await byTheClient(cutOff);
        const expected = messages
          .filter(({ offset, isControlRecord }) => Number(offset) >= from && !isControlRecord)
          .map(({ offset, timestamp, key, value }) => ({
            offset: Number(offset),
            time: Number(timestamp),
            key,
            value,
          }));
        const found = await read(cutOff, from);
        expect(found === null ? null : all(found)).toEqual(messages.length === 0 ? null : expected);
        const last = messages.at(-1);
        expect(found?.lastOffset).toBe(last === undefined ? undefined : Number(last.offset));
        if (found !== null) {
          const { records } = found;
          const after = Array.from(records.offsets.subarray(0, records.count)).filter((o) => o < from + 2);
          expect(records.firstFrom(from + 2)).toBe(after.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of aborted transactions are left out, however many began before the fetch', async () => {
    const marker = (producerId: number, type: number): Batch =>
      of({
        producerId,
        transactional: true,
        flags: CONTROL,
        records: [{ key: Buffer.from([0, 0, 0, type]), value: Buffer.alloc(6), later: 0 }],
      });
    const [ABORT, COMMIT] = [0, 1];
    const written = (producerId: number, text: string): Batch =>
      of({ producerId, transactional: true, records: [{ key: null, value: Buffer.from(text), later: 0 }] });
    const batches = [
      written(2, 'aborted, of the second'),
      written(1, 'aborted, of the first'),
      written(3, 'of one that commits'),
      of({ producerId: 2, records: [{ key: null, value: Buffer.from('of none'), later: 0 }] }),
      marker(1, ABORT),
      written(1, 'after the abort'),
      marker(2, ABORT),
      marker(3, COMMIT),
      marker(1, COMMIT),
    ];
    const whole = Buffer.concat(await Promise.all(batches.map((one, n) => encoded(20 + n, one))));
    const aborted = [
      { producerId: 1n, firstOffset: 5 },
      { producerId: 2n, firstOffset: 7 },
    ];
    const found = await read(whole, 20, aborted);
    const values = found === null ? [] : all(found).map((one) => String((one as { value: Buffer }).value));
    expect(values).toEqual(['of one that commits', 'of none', 'after the abort']);
    expect(found?.lastOffset).toBe(28);
  });

  it('that lie about their lengths, or are of an older format, are refused', async () => {
    const whole = await encoded(1, of());
    expect(await read(whole)).not.toBeNull();
    const lying = Buffer.from(whole);
    lying[lying.length - 15] = 100;
    await expect(read(lying)).rejects.toThrow(RangeError);
    await expect(read(Buffer.from(whole).fill(1, 16, 17))).rejects.toThrow('format 1 (before Kafka 0.11)');
    await expect(read(Buffer.from(whole).fill(0, 8, 12))).rejects.toThrow('shorter than its head');
  });
});
