import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';
import { writeFetch, type FetchSettings, type RequestWriter } from './fetchRequest.js';
import { SharedBytes, type FetchedRecords } from './fetchedRecords.js';
import { OWN_MEMORY_BYTES } from './gatherAnswers.js';
import { readRecordBatches, RECORDS_AT, type AbortedTransaction, type Decompress } from './recordBatches.js';

/** The version of Fetch that has this layout, and the newest that the client speaks. */
const VERSION = 11;
const SIZE_BYTES = 4;

interface Reader {
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string;
  readBytes(length: number): Buffer;
  readArray<T>(item: (reader: Reader) => T): T[];
  readArrayAsync<T>(item: (reader: Reader) => Promise<T>): Promise<T[]>;
}

interface Response {
  readonly decode: (raw: Buffer) => Promise<unknown>;
  readonly parse: (data: unknown) => unknown;
}

type Request = (settings: FetchSettings) => { request: object; response: Response };

interface Client {
  readonly Encoder: new (bytes: number) => RequestWriter;
  readonly Decoder: new (bytes: Buffer) => Reader;
  readonly decodeMessages: (reader: Reader) => Promise<unknown[]>;
  readonly decompress: Decompress;
  readonly requests: { readonly Fetch: { protocol: (of: { version: number }) => Request } };
}

/**
 * What the client is given instead of messages: the offset at which a fetch of a partition begins, then the last one that
 * it covers, with the records between them. The client looks at offsets, and whether something is to be delivered.
 */
class FetchEdge {
  constructor(
    readonly offset: string,
    /** Null, or without a record: the client hands nothing over. */
    private readonly held: FetchedRecords | null,
  ) {}

  /** What the client filters by. */
  get isControlRecord(): boolean {
    return this.held === null || this.held.count === 0;
  }

  get records(): FetchedRecords {
    if (this.held === null) throw new Error('a fetch begins here: it has its records at its end');
    return this.held;
  }

  /** Whoever reads such a topic as messages is told what they are. */
  get value(): never {
    throw new Error('the records of this topic are read by `fetchedRecords`');
  }
}

/** The records of a batch that was read by ourselves, from what the client takes for its messages. */
export function fetchedRecords(messages: readonly unknown[]): FetchedRecords {
  const last = messages.at(-1);
  if (last instanceof FetchEdge) return last.records;
  throw new kafkajs.KafkaJSNonRetriableError('a batch was not read by ourselves');
}

/**
 * Has the client read these topics in answers to Fetch by {@link readRecordBatches}, and hand over
 * {@link fetchedRecords}. The client is dormant and offers no way to do it: this reaches into one of its tables
 * (decision 11). Other topics are read as they always were.
 */
export function readOurselves(topics: ReadonlySet<string>): void {
  const { requests, ...client } = clientParts();
  const { Fetch } = requests;
  const { protocol } = Fetch;
  const newWriter = (bytes: number): RequestWriter => new client.Encoder(bytes);
  Fetch.protocol = ({ version }) => {
    const request = protocol({ version });
    if (version !== VERSION) return request;
    return (settings) => {
      const made = request(settings);
      const begins = beginsOf(settings, topics);
      return {
        ...made,
        request: { ...made.request, encode: () => Promise.resolve(writeFetch(newWriter, settings)) },
        response: { ...made.response, decode: (raw) => decodeFetch(client, raw, begins) },
      };
    };
  };
}

function clientParts(): Client {
  const require = createRequire(import.meta.url);
  const part = (path: string): unknown => require(`kafkajs/src/protocol/${path}`);
  const { lookupCodecByAttributes } = part('message/compression') as {
    lookupCodecByAttributes: (attributes: number) => { decompress: (bytes: Buffer) => Promise<Buffer> };
  };
  return {
    Encoder: part('encoder') as Client['Encoder'],
    Decoder: part('decoder') as Client['Decoder'],
    decodeMessages: part('requests/fetch/v4/decodeMessages') as Client['decodeMessages'],
    decompress: (attributes, bytes) => lookupCodecByAttributes(attributes).decompress(bytes),
    requests: (part('requests') as { readonly requests: Client['requests'] }).requests,
  };
}

type Reading = Omit<Client, 'requests'>;

/** Where the fetch of each partition begins that is read by ourselves. */
type Begins = ReadonlyMap<string, ReadonlyMap<number, number>>;
const NOWHERE: ReadonlyMap<number, number> = new Map();

/** A topic may be named more than once: the client shuffles partitions. */
function beginsOf({ topics }: FetchSettings, ours: ReadonlySet<string>): Begins {
  const begins = new Map<string, Map<number, number>>();
  for (const { topic, partitions } of topics) {
    if (!ours.has(topic)) continue;
    const of = begins.get(topic) ?? new Map<number, number>();
    for (const { partition, fetchOffset } of partitions) of.set(partition, Number(fetchOffset));
    begins.set(topic, of);
  }
  return begins;
}

/** As the client's own, but for the records. */
async function decodeFetch(client: Reading, raw: Buffer, begins: Begins): Promise<unknown> {
  const memory = raw.length < OWN_MEMORY_BYTES ? null : new SharedBytes(raw);
  const reader = new client.Decoder(raw);
  const clientSideThrottleTime = reader.readInt32();
  const errorCode = reader.readInt16();
  const sessionId = reader.readInt32();
  const responses = await reader.readArrayAsync(async (one) => {
    const topicName = one.readString();
    const from = begins.get(topicName) ?? NOWHERE;
    return {
      topicName,
      partitions: await one.readArrayAsync((partition) => readPartition(client, partition, from, memory)),
    };
  });
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

async function readPartition(
  client: Reading,
  reader: Reader,
  begins: ReadonlyMap<number, number>,
  memory: SharedBytes | null,
): Promise<unknown> {
  const long = (): string => reader.readInt64().toString();
  const partition = reader.readInt32();
  const from = begins.get(partition);
  const head = {
    partition,
    errorCode: reader.readInt16(),
    highWatermark: long(),
    lastStableOffset: long(),
    lastStartOffset: long(),
  };
  const aborted = reader.readArray((one) => ({
    producerId: one.readInt64(),
    firstOffset: Number(one.readInt64()),
  }));
  const preferredReadReplica = reader.readInt32();
  const bytes = reader.readBytes(Math.max(0, reader.readInt32()));
  if (from === undefined) {
    // The client's messages are views: nobody says when they were read.
    memory?.use();
    const abortedTransactions = aborted.map(({ producerId, firstOffset }) => ({
      producerId: String(producerId),
      firstOffset: String(firstOffset),
    }));
    return {
      ...head,
      abortedTransactions,
      preferredReadReplica,
      messages: await readMessages(client, bytes),
    };
  }
  const messages = await readEdges(client, bytes, from, aborted, memory);
  return { ...head, abortedTransactions: [], preferredReadReplica, messages };
}

async function readEdges(
  client: Reading,
  bytes: Buffer,
  from: number,
  aborted: readonly AbortedTransaction[],
  memory: SharedBytes | null,
): Promise<FetchEdge[]> {
  const fetched = await readRecordBatches(bytes, from, aborted, client.decompress);
  if (fetched === null) return [];
  const { records, lastOffset } = fetched;
  // What has no record is handed to nobody who would give it back.
  if (memory !== null && records.count > 0) records.in(memory);
  return [new FetchEdge(String(from), null), new FetchEdge(String(Math.max(from, lastOffset)), records)];
}

/** By the client itself, which does not bear a partition that has less than the head of a batch. */
async function readMessages(client: Reading, bytes: Buffer): Promise<unknown[]> {
  if (bytes.length < RECORDS_AT) return [];
  const sized = Buffer.from(bytes.buffer, bytes.byteOffset - SIZE_BYTES, bytes.length + SIZE_BYTES);
  return client.decodeMessages(new client.Decoder(sized));
}
