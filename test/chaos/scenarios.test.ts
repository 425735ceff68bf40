import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { clockSteps } from './scenarios/clock.js';
import * as counting from './scenarios/counting.js';
import { schedulersDie } from './scenarios/scheduling.js';
import { Stage } from './scenarios/stage.js';

/** Each forces one interleaving that the mutants of its guard do not survive (docs/reliability.md). */
describe('a forced interleaving breaks nothing', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  }, 120_000);
  afterEach(async () => {
    await stage.close();
  }, 60_000);

  it.each(Object.entries({ ...counting, schedulersDie }))(
    '%s',
    async (_, scenario) => {
      expect(await scenario(stage)).toEqual([]);
    },
    300_000,
  );

  // Open finding (docs/reliability.md): once, under load, a notice was not taken in within two minutes of the clock's going
  // back by five hours. Until it is known why, this is played on demand: CHAOS_CLOCK_STEPS=1.
  const onDemand = process.env['CHAOS_CLOCK_STEPS'] === undefined ? it.skip : it;
  onDemand(
    'clockSteps',
    async () => {
      expect(await clockSteps(stage)).toEqual([]);
    },
    300_000,
  );
});
