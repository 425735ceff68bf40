/** What the client asks for in a Fetch. */
export interface FetchSettings {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel?: number;
  readonly rackId?: string;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

/** The client's writer of requests. */
export interface RequestWriter {
  writeInt8(value: number): this;
  writeInt32(value: number): this;
  writeInt64(value: string | number): this;
  writeString(value: string): this;
}

const BYTES_PER_PARTITION = 64;
const READ_COMMITTED = 1;
const NO_SESSION = 0;
const FINAL_EPOCH = -1;
const UNKNOWN = -1;
/** Where a replica would name itself. */
const CONSUMER = -1;

/**
 * A request of Fetch version 11 without a session, byte for byte as the client writes it. The client makes a writer, and half a
 * kilobyte for it, of every topic and partition of every request: one of 72 partitions cost more than many a batch.
 */
export function writeFetch<W extends RequestWriter>(
  newWriter: (bytes: number) => W,
  { maxWaitTime, minBytes, maxBytes, isolationLevel, rackId, topics }: FetchSettings,
): W {
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 1);
  const writer = newWriter(partitions * BYTES_PER_PARTITION)
    .writeInt32(CONSUMER)
    .writeInt32(maxWaitTime)
    .writeInt32(minBytes)
    .writeInt32(maxBytes)
    .writeInt8(isolationLevel ?? READ_COMMITTED)
    .writeInt32(NO_SESSION)
    .writeInt32(FINAL_EPOCH)
    .writeInt32(topics.length);
  for (const { topic, partitions: wanted } of topics) {
    writer.writeString(topic).writeInt32(wanted.length);
    for (const one of wanted) {
      writer.writeInt32(one.partition).writeInt32(UNKNOWN).writeInt64(one.fetchOffset);
      writer.writeInt64(UNKNOWN).writeInt32(one.maxBytes);
    }
  }
  const noForgottenTopics = 0;
  return writer.writeInt32(noForgottenTopics).writeString(rackId ?? '');
}
