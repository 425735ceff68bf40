import { createRequire } from 'node:module';
import { readRecordBatches } from './recordBatches.js';

/** The version of Fetch that has this layout, and the newest that the client speaks. */
const VERSION = 11;

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

type Request = (settings: unknown) => { response: Response; [other: string]: unknown };

interface Client {
  readonly Decoder: new (bytes: Buffer) => Reader;
  readonly decodeMessages: (reader: Reader) => Promise<unknown[]>;
  readonly requests: { readonly Fetch: { protocol: (of: { version: number }) => Request } };
}

/**
 * Has the client read the answers to Fetch by {@link readRecordBatches}. The client is dormant and offers no way to do it:
 * this reaches into one of its tables (decision 11). Whatever is not of the one layout known here is read as it always was.
 */
export function readFetchesOurselves(): void {
  const { requests, ...client } = clientParts();
  const { Fetch } = requests;
  const { protocol } = Fetch;
  Fetch.protocol = ({ version }) => {
    const request = protocol({ version });
    if (version !== VERSION) return request;
    return (settings) => {
      const made = request(settings);
      return { ...made, response: { ...made.response, decode: (raw) => decodeFetch(client, raw) } };
    };
  };
}

function clientParts(): Client {
  const require = createRequire(import.meta.url);
  const part = (path: string): unknown => require(`kafkajs/src/protocol/${path}`);
  return {
    Decoder: part('decoder') as Client['Decoder'],
    decodeMessages: part('requests/fetch/v4/decodeMessages') as Client['decodeMessages'],
    requests: (part('requests') as { readonly requests: Client['requests'] }).requests,
  };
}

type Reading = Omit<Client, 'requests'>;

/** As the client's own, but for the records. */
async function decodeFetch(client: Reading, raw: Buffer): Promise<unknown> {
  const reader = new client.Decoder(raw);
  const clientSideThrottleTime = reader.readInt32();
  const errorCode = reader.readInt16();
  const sessionId = reader.readInt32();
  const responses = await reader.readArrayAsync(async (topic) => ({
    topicName: topic.readString(),
    partitions: await topic.readArrayAsync((partition) => readPartition(client, partition)),
  }));
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

async function readPartition(client: Reading, reader: Reader): Promise<unknown> {
  const long = (): string => reader.readInt64().toString();
  return {
    partition: reader.readInt32(),
    errorCode: reader.readInt16(),
    highWatermark: long(),
    lastStableOffset: long(),
    lastStartOffset: long(),
    abortedTransactions: reader.readArray((one) => ({
      producerId: one.readInt64().toString(),
      firstOffset: one.readInt64().toString(),
    })),
    preferredReadReplica: reader.readInt32(),
    messages: await readMessages(client, reader),
  };
}

async function readMessages(client: Reading, reader: Reader): Promise<readonly unknown[]> {
  const size = reader.readInt32();
  if (size <= 0) return [];
  const bytes = reader.readBytes(size);
  const messages = readRecordBatches(bytes);
  if (messages !== null) return messages;
  const sized = Buffer.alloc(4 + bytes.length);
  sized.writeInt32BE(bytes.length);
  sized.set(bytes, 4);
  return client.decodeMessages(new client.Decoder(sized));
}
