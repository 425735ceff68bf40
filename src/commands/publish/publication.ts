import { setTimeout as delay } from 'node:timers/promises';
import { encodeLine, parseLine } from '../../kafka/publish/line.js';
import { sizeOf, type OutgoingRecord, type PublishSender } from '../../kafka/publish/sender.js';
import type { InputTopic } from '../../kafka/topics.js';
import { ExpectedError } from '../../support/expectedError.js';
import type { Input } from './inputs.js';
import { readLines, type FileLine } from './lines.js';
import type { Tally } from './tally.js';

// One request carries a batch; below the broker's usual limit, whatever the partitions of its records are.
const BATCH_BYTES = 900_000;
const LAST_ANSWER_MS = 3_000;

export interface PublicationParts {
  readonly sender: Pick<PublishSender, 'send'>;
  /** The largest record of each topic that exists, in bytes. */
  readonly limits: ReadonlyMap<InputTopic, number>;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  schemaId(topic: InputTopic): Promise<number>;
  /** Repeats `attempt` for as long as Kafka is down. */
  waitForKafka<T>(attempt: () => Promise<T>): Promise<T>;
  onBadLine(place: string, problem: string): void;
}

interface Pending extends OutgoingRecord {
  readonly place: string;
}

/** Reads, encodes and sends: one batch is on its way while the next one is filled, no more is held. */
export class Publication {
  private readonly schemaIds = new Map<InputTopic, number>();
  private readonly batchBytes: number;
  private batch: Pending[] = [];
  private filled = 0;
  private inFlight: Promise<void> = Promise.resolve();

  constructor(private readonly parts: PublicationParts) {
    this.batchBytes = Math.min(BATCH_BYTES, ...parts.limits.values());
  }

  /** Publishes the lines of one input; throws what the input's stream throws, and what ends the whole publication. */
  async add(input: Input): Promise<void> {
    const { tally, signal } = this.parts;
    const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        tally.bytesRead += chunk.length;
        yield chunk;
      }
    };
    for await (const lines of readLines(counted(input.open(signal)))) {
      for (const line of lines) await this.take(input.name, line);
    }
  }

  /** Sends what is left and waits until the broker has confirmed everything. */
  async finish(): Promise<void> {
    await this.flush();
    await this.inFlight;
  }

  /** After an interruption or an error: gives the batch on its way a moment to be confirmed, so that the count is right. */
  async abandon(): Promise<void> {
    const answered = this.inFlight.catch(() => undefined);
    await Promise.race([answered, delay(LAST_ANSWER_MS, undefined, { ref: false })]);
  }

  private async take(name: string, line: FileLine): Promise<void> {
    this.parts.tally.linesRead += 1;
    const place = `${name}:${line.number}`;
    const problem = 'problem' in line ? line.problem : await this.queue(place, line.text);
    if (problem !== null) this.reject(place, problem);
  }

  /** Puts a line into the batch, sending a full one before it; or says why the line cannot be sent. */
  private async queue(place: string, text: string): Promise<string | null> {
    const envelope = parseLine(text);
    if (!envelope.ok) return envelope.problem;
    const { topic } = envelope;
    const encoded = encodeLine(envelope, this.schemaIds.get(topic) ?? (await this.prepare(topic)));
    if (!encoded.ok) return encoded.problem;
    const { key, value } = encoded;
    const size = sizeOf(encoded);
    const limit = this.parts.limits.get(topic) ?? 0;
    if (size > limit) return `${size} bytes; ${topic} takes records of up to ${limit}`;
    if (this.filled + size > this.batchBytes) await this.flush();
    this.batch.push({ topic, key, value, place });
    this.filled += size;
    return null;
  }

  private reject(place: string, problem: string): void {
    this.parts.tally.badLines += 1;
    this.parts.onBadLine(place, problem);
  }

  private async prepare(topic: InputTopic): Promise<number> {
    if (!this.parts.limits.has(topic)) {
      throw new ExpectedError(`topic ${topic} does not exist; create it first: node dist/main.js migrate`);
    }
    const id = await this.parts.schemaId(topic);
    this.schemaIds.set(topic, id);
    return id;
  }

  private async flush(): Promise<void> {
    await unlessAborted(this.inFlight, this.parts.signal);
    const { batch } = this;
    this.batch = [];
    this.filled = 0;
    this.inFlight = this.deliver(batch);
    // Awaited by the next flush; until then a failure must not count as unhandled.
    this.inFlight.catch(() => undefined);
  }

  private async deliver(batch: readonly Pending[]): Promise<void> {
    const { sender, tally } = this.parts;
    const tooLarge = new Set(await this.parts.waitForKafka(() => sender.send(batch)));
    for (const record of batch) {
      if (tooLarge.has(record)) this.reject(record.place, 'the broker finds the record too large');
      else tally.confirmed(record.topic);
    }
  }
}

/** The promise, or a rejection with the signal's reason as soon as it is aborted. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
