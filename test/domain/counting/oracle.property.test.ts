import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recount } from '../../../src/simulation/truth/recount.js';
import { consequencesOf } from '../../support/consequences.js';
import { comparable, resultsOf, UPLOAD_BYTES } from '../../support/engineLog.js';
import { entriesOf } from '../../support/happenedLog.js';
import { happenings, hotHappenings, type Happening } from '../../support/happenings.js';
import { MemoryEngine } from '../../support/memoryEngine.js';
import { VERSIONS, versionsAt } from '../../support/versions.js';

const versions = fc.nat({ max: VERSIONS.length - 1 });
const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
// Shrinking a long log takes a while: the best counterexample by then will do.
const LIMIT = { interruptAfterTimeLimit: 60_000 };
const RUNS = Number(process.env['FC_RUNS'] ?? 70);

function compare(happened: readonly Happening[], chosen: number): void {
  const { policy, later } = versionsAt(chosen);
  const log = entriesOf(happened);
  const until = log.at(-1)?.arrivedAt ?? 0;
  const engine = new MemoryEngine(policy).run(log).followPolicy(until);
  const truth = recount(log, { uploadBytesPerYear: UPLOAD_BYTES, laterVersions: later, until });
  expect(comparable(engine.results())).toEqual(comparable(resultsOf(truth)));
  expect(engine.consequences()).toEqual(consequencesOf(truth));
  expect(engine.inconsistencies()).toEqual([]);
  const ids = engine.outgoing.map((event) => event.eventId);
  expect(new Set(ids).size).toBe(ids.length);
}

describe('the domain against the naive recount', () => {
  it('agrees on every short log', () => {
    fc.assert(fc.property(happenings(12), versions, compare), { numRuns: RUNS * 3, ...SEED, ...LIMIT });
  }, 120_000);

  it('agrees on long logs', () => {
    fc.assert(fc.property(happenings(45), versions, compare), { numRuns: RUNS * 4, ...SEED, ...LIMIT });
  }, 120_000);

  it('agrees on an account that is near its hourly limit all day', () => {
    fc.assert(fc.property(hotHappenings(14), versions, compare), { numRuns: RUNS / 2, ...SEED, ...LIMIT });
  }, 120_000);
});
