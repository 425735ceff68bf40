import type { UsageEvent } from '../../domain/events.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { LogMessage } from '../../kafka/consumer/logMessage.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import type { LogRecord } from '../../postgres/counting/parked.js';

const SMALLEST = 64;
/** Of a row: where its key begins and ends, and its value. */
const PLACES = 4;

/** Rows whose bytes lie in one buffer, and where they were read. */
interface Run {
  readonly firstRow: number;
  readonly of: TopicPartition;
  readonly decoder: Pick<Decoder, 'decode'>;
  readonly bytes: Buffer;
}

/**
 * The records behind the rows of an intake, by the places of their bytes. The messages themselves are not kept: a
 * hundred thousand objects that live until a commit cost more to collect than all counting.
 */
export class RowRecords {
  private readonly runs: Run[] = [];
  private places: Int32Array;
  private offsets: Float64Array;

  constructor(expected = SMALLEST) {
    const capacity = Math.max(SMALLEST, expected);
    this.places = new Int32Array(capacity * PLACES);
    this.offsets = new Float64Array(capacity);
  }

  /** Keeps where the record of a row lies; rows come in ascending order. */
  keep(row: number, of: TopicPartition, decoder: Pick<Decoder, 'decode'>, message: LogMessage): void {
    if (row >= this.offsets.length) this.grow();
    const { bytes } = message;
    const run = this.runs.at(-1);
    if (run?.bytes !== bytes || run.of !== of) this.runs.push({ firstRow: row, of, decoder, bytes });
    const { places } = this;
    const at = row * PLACES;
    places[at] = message.keyStart;
    places[at + 1] = message.keyEnd;
    places[at + 2] = message.valueStart;
    places[at + 3] = message.valueEnd;
    this.offsets[row] = message.position;
  }

  recordOf(row: number): LogRecord {
    const { of, bytes } = this.runOf(row);
    const at = row * PLACES;
    const [keyStart = 0, keyEnd = 0, valueStart = 0, valueEnd = 0] = this.places.subarray(at, at + PLACES);
    return {
      topic: of.topic,
      partition: of.partition,
      offset: this.offsets[row] ?? 0,
      key: keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
    };
  }

  /** The event of a row that arrived at `arrivedAt` (business time, epoch ms). */
  eventOf(row: number, arrivedAt: number): UsageEvent {
    const { of, decoder } = this.runOf(row);
    const { key, value } = this.recordOf(row);
    const decoded = decoder.decode({ topic: of.topic, key, value, arrivedAt });
    if (decoded.kind !== 'usage') throw new Error(`a row was made of a record that is ${decoded.kind}`);
    return decoded.event;
  }

  private runOf(row: number): Run {
    const run = this.runs.findLast(({ firstRow }) => firstRow <= row);
    if (run === undefined) throw new Error(`there is no row ${row}`);
    return run;
  }

  private grow(): void {
    const places = new Int32Array(this.places.length * 2);
    const offsets = new Float64Array(this.offsets.length * 2);
    places.set(this.places);
    offsets.set(this.offsets);
    this.places = places;
    this.offsets = offsets;
  }
}
