import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { clockSteps } from './scenarios/clock.js';
import * as counting from './scenarios/counting.js';
import { schedulersDie } from './scenarios/scheduling.js';
import { allFallSilent } from './scenarios/silence.js';
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

  it.each(Object.entries({ ...counting, schedulersDie, clockSteps, allFallSilent }))(
    '%s',
    async (_, scenario) => {
      expect(await scenario(stage)).toEqual([]);
    },
    300_000,
  );
});
