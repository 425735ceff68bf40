import { describe, expect, it } from '@jest/globals';
import type { FetchedBatch } from '../../../../src/kafka/consumer/inputConsumer.js';
import { recordsAt } from '../feeder.js';
import { digestOf, Positions } from '../../../../src/roles/processor/reading/positions.js';

const AT = { topic: 'platform.chats.v1', partition: 0 } as const;
const record = (offset: number) => recordsAt([offset], null).at(0);
const batch = (fetchedFrom: number, next: number, ...offsets: number[]): FetchedBatch => ({
  ...AT,
  ...{ fetchedFrom, next, high: 1_000 },
  records: recordsAt(offsets, null),
});

/** Positions that begin at 100, the record before compared. */
function begun(): Positions {
  const positions = new Positions();
  const position = { nextOffset: 100, lastDigest: digestOf(record(99)), generation: 2 };
  expect(positions.begin({ ...AT, low: 0, high: 1_000 }, position)).toBe(99);
  return positions;
}
const run = (nextOffset: number, until: number) => ({
  ...AT,
  nextOffset,
  generation: 2,
  until,
  begins: false,
});

describe('what lies behind the last record counted and holds nothing', () => {
  it('is what was fetched there without a message', () => {
    const positions = begun();
    positions.advance(batch(99, 105, 99), null);
    positions.skip({ ...AT, first: 105, next: 110 });
    expect(positions.unsavedRuns()).toEqual([run(100, 110)]);
    positions.runSaved(run(100, 110));
    expect(positions.unsavedRuns()).toEqual([]);
    positions.skip({ ...AT, first: 110, next: 111 });
    expect(positions.unsavedRuns()).toEqual([run(100, 111)]);
  });

  it('is the beginning of a partition only while nothing of that was taken in', () => {
    const positions = new Positions();
    expect(positions.begin({ ...AT, low: 100, high: 1_000 }, undefined)).toBe(100);
    positions.skip({ ...AT, first: 100, next: 110 });
    expect(positions.unsavedRuns()).toEqual([{ ...run(100, 110), generation: 0, begins: true }]);
    positions.advance(batch(110, 121, 110, 120), digestOf(record(120)));
    positions.skip({ ...AT, first: 121, next: 125 });
    expect(positions.unsavedRuns()).toEqual([{ ...run(121, 125), generation: 0, begins: false }]);
  });

  it('begins anew behind what is counted next', () => {
    const positions = begun();
    positions.skip({ ...AT, first: 99, next: 110 });
    positions.advance(batch(110, 121, 110, 120), digestOf(record(120)));
    expect(positions.unsavedRuns()).toEqual([]);
    positions.skip({ ...AT, first: 121, next: 125 });
    expect(positions.unsavedRuns()).toEqual([run(121, 125)]);
    positions.runSaved(run(100, 110));
    expect(positions.unsavedRuns()).toEqual([run(121, 125)]);
  });

  it('is not a run of an assignment that is over, and what lies before that was not read', () => {
    const positions = begun();
    positions.skip({ ...AT, first: 150, next: 160 });
    expect(positions.unsavedRuns()).toEqual([]);
    expect(positions.accept(batch(160, 161, 160))).toBe('gap');
    expect(positions.accept(batch(99, 101, 99, 100))).toMatchObject({ expected: 100, first: 1 });
  });
});
