import type { IHeaders, KafkaMessage } from 'kafkajs';
import { Varints } from './varints.js';

/** What the records of one record batch have in common (Kafka's format 2). */
export interface RecordBatch {
  readonly firstOffset: number;
  /** Epoch ms. */
  readonly firstTimestamp: number;
  /** All records have this one when the broker stamped them; null: each has its own. */
  readonly appendedAt: number | null;
  readonly isControlBatch: boolean;
  /** As the client's filter of aborted transactions reads it. */
  readonly inTransaction: boolean;
  readonly producerId: string;
}

/**
 * A record where it lies in the bytes of a fetch. The client's own messages are a dozen objects each, which cost more to
 * make and to collect than to count; here key, value and headers become objects when they are asked for.
 */
export class LogMessage {
  constructor(
    readonly batchContext: RecordBatch,
    readonly bytes: Buffer,
    readonly attributes: number,
    private readonly timestampDelta: number,
    private readonly offsetDelta: number,
    /** Where the key begins and ends; begins below 0: there is none. */
    readonly keyStart: number,
    readonly keyEnd: number,
    readonly valueStart: number,
    readonly valueEnd: number,
  ) {}

  /** The same of a message that was read in another way. */
  static of({
    key,
    value,
    offset,
    timestamp,
    attributes,
  }: Omit<KafkaMessage, 'headers' | 'size'>): LogMessage {
    const batch = {
      firstOffset: Number(offset),
      firstTimestamp: Number(timestamp),
      appendedAt: null,
      isControlBatch: false,
      inTransaction: false,
      producerId: '-1',
    };
    const bytes = Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0), Buffer.of(0)]);
    const keyEnd = key?.length ?? 0;
    const valueEnd = keyEnd + (value?.length ?? 0);
    const valueStart = value === null ? -1 : keyEnd;
    return new LogMessage(
      batch,
      bytes,
      attributes,
      0,
      0,
      key === null ? -1 : 0,
      keyEnd,
      valueStart,
      valueEnd,
    );
  }

  get position(): number {
    return this.batchContext.firstOffset + this.offsetDelta;
  }

  /** When it was appended, or as its producer says (the topic's setting); epoch ms. */
  get time(): number {
    return this.batchContext.appendedAt ?? this.batchContext.firstTimestamp + this.timestampDelta;
  }

  get key(): Buffer | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  get value(): Buffer | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  // What follows is there for the client, which knows messages by these names.

  get offset(): string {
    return String(this.position);
  }

  get timestamp(): string {
    return String(this.time);
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }

  get headers(): IHeaders {
    const headers: IHeaders = {};
    const read = new Varints(this.bytes, this.valueEnd);
    for (let left = read.next(); left > 0; left -= 1) {
      const name = read.bytes(read.next())?.toString() ?? '';
      const value = read.bytes(read.next()) ?? undefined;
      const before = headers[name];
      headers[name] = before === undefined || value === undefined ? value : [before, value].flat();
    }
    return headers;
  }
}
