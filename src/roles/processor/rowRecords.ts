import type { UsageEvent } from '../../domain/events.js';
import type { FetchedRecords } from '../../kafka/consumer/fetchedRecords.js';
import type { TopicPartition } from '../../kafka/consumer/inputConsumer.js';
import type { Decoder } from '../../kafka/decode/decoder.js';
import type { LogRecord } from '../../postgres/counting/parked.js';

const SMALLEST = 64;

/** Rows of the records of one fetch of a partition. */
interface Run {
  readonly firstRow: number;
  readonly of: TopicPartition;
  readonly records: FetchedRecords;
  readonly decoder: Pick<Decoder, 'decode'>;
}

/** The records behind the rows of an intake: which one of which fetch each was made of. */
export class RowRecords {
  private readonly runs: Run[] = [];
  private indexes: Int32Array;

  constructor(expected = SMALLEST) {
    this.indexes = new Int32Array(Math.max(SMALLEST, expected));
  }

  /** The rows from `firstRow` on are of these records. */
  begin(
    firstRow: number,
    of: TopicPartition,
    records: FetchedRecords,
    decoder: Pick<Decoder, 'decode'>,
  ): void {
    this.runs.push({ firstRow, of, records, decoder });
  }

  /** Keeps which record a row was made of; rows come in ascending order. */
  keep(row: number, index: number): void {
    if (row >= this.indexes.length) {
      const larger = new Int32Array(this.indexes.length * 2);
      larger.set(this.indexes);
      this.indexes = larger;
    }
    this.indexes[row] = index;
  }

  /** A record of those that rows are being made of. */
  current(index: number): LogRecord {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('no records were begun');
    return recordOf(run, index);
  }

  recordOf(row: number): LogRecord {
    return recordOf(this.runOf(row), this.indexes[row] ?? -1);
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
}

function recordOf({ of: { topic, partition }, records }: Run, index: number): LogRecord {
  const { offset, key, value } = records.at(index);
  return { topic, partition, offset, key, value };
}
