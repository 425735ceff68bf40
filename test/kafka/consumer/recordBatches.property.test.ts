import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRecordBatches } from '../../../src/kafka/consumer/recordBatches.js';

const require = createRequire(import.meta.url);
const part = (path: string): unknown => require(`kafkajs/src/protocol/${path}`);

interface Encoded {
  readonly buffer: Buffer;
}
type Headers = Record<string, string | string[]>;
interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: object;
  readonly offset: string;
  readonly timestamp: string;
  readonly attributes: number;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly inTransaction: boolean; readonly producerId: string };
}
const Decoder = part('decoder') as new (bytes: Buffer) => object;
const decodeMessages = part('requests/fetch/v4/decodeMessages') as (decoder: object) => Promise<Message[]>;
const { RecordBatch } = part('recordBatch/v0') as { RecordBatch: (settings: object) => Promise<Encoded> };
const record = part('recordBatch/record/v0') as (settings: object) => Encoded;
const ATTRIBUTES_AT = 21;
const HEAD_BYTES = 17;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const optional = fc.option(bytes, { nil: null });
const headers: fc.Arbitrary<Headers> = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 5 }).filter((name) => !(name in {})),
  fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 2, maxLength: 3 })),
  { maxKeys: 3, noNullPrototype: true },
);
const batch = fc.record({
  firstOffset: fc.oneof(fc.nat(1_000), fc.integer({ min: 2 ** 31, max: 2 ** 52 })),
  firstTimestamp: fc.integer({ min: 1.6e12, max: 1.9e12 }),
  transactional: fc.boolean(),
  /** The broker stamped them; it is a batch of control records. */
  flags: fc.constantFrom(0, 0x08, 0x20),
  records: fc.array(
    fc.record({ key: optional, value: optional, headers, later: fc.integer({ min: -5_000, max: 2 ** 40 }) }),
    { minLength: 1, maxLength: 6 },
  ),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

async function encoded({
  firstOffset,
  firstTimestamp,
  transactional,
  flags,
  records,
}: Batch): Promise<Buffer> {
  const { buffer } = await RecordBatch({
    firstOffset,
    firstTimestamp,
    maxTimestamp: firstTimestamp + 7,
    transactional,
    producerId: 99,
    lastOffsetDelta: records.length - 1,
    records: records.map(({ key, value, headers: named, later }, offsetDelta) =>
      record({ offsetDelta, timestampDelta: later, key, value, headers: named }),
    ),
  });
  buffer[ATTRIBUTES_AT + 1] = (buffer[ATTRIBUTES_AT + 1] ?? 0) | flags;
  return buffer;
}

const known = (message: Message): unknown => {
  const { key, value, offset, timestamp, attributes, isControlRecord, batchContext } = message;
  const named = Object.entries(message.headers).map(([name, one]) => [name, String(one)]);
  const { inTransaction, producerId } = batchContext;
  return { key, value, offset, timestamp, attributes, isControlRecord, inTransaction, producerId, named };
};

describe('record batches', () => {
  it('are read as the client reads them, wherever the last one is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (batches, cut) => {
          const whole = Buffer.concat(await Promise.all(batches.map(encoded)));
          // The client itself does not bear less than the head of a batch.
          const length = Math.ceil(whole.length * cut);
          const log = whole.subarray(0, length < HEAD_BYTES ? 0 : length);
          const sized = Buffer.concat([Buffer.alloc(4), log]);
          sized.writeInt32BE(log.length);
          const expected = await decodeMessages(new Decoder(sized));
          const found = readRecordBatches(log);
          expect(found?.map(known)).toEqual(expected.map(known));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are left to the client when they are compressed or of an older format', async () => {
    const one = { key: null, value: Buffer.from('v'), headers: {}, later: 0 };
    const log = await encoded({
      firstOffset: 1,
      firstTimestamp: 1.7e12,
      transactional: false,
      flags: 0,
      records: [one],
    });
    expect(readRecordBatches(log)).toHaveLength(1);
    expect(readRecordBatches(Buffer.from(log).fill(1, ATTRIBUTES_AT + 1, ATTRIBUTES_AT + 2))).toBeNull();
    expect(readRecordBatches(Buffer.from(log).fill(1, 16, 17))).toBeNull();
  });

  it('that lie about their lengths are refused', async () => {
    const one = { key: Buffer.from('key'), value: null, headers: {}, later: 0 };
    const log = await encoded({
      firstOffset: 1,
      firstTimestamp: 1.7e12,
      transactional: false,
      flags: 0,
      records: [one],
    });
    log[log.length - 6] = 100;
    expect(() => readRecordBatches(log)).toThrow(RangeError);
  });
});
