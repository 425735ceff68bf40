import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { SimulationState } from '../../src/simulation/state.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulation-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('hands on what a run has done to the next', () => {
  const first = new SimulationState(folder, 7, 1_000);
  first.platform.run += 1;
  first.platform.scenes.sent['acc'] = 12;
  first.addPublished('t', 0, 0, 5);
  first.addPublished('t', 0, 5, 2);
  first.addPublished('t', 0, 9, 1);
  first.save();
  const next = new SimulationState(folder, 8, 2_000);
  expect(next.platform).toMatchObject({ seed: 7, createdAt: 1_000, run: 1, scenes: { sent: { acc: 12 } } });
  expect(next.published).toEqual({
    't/0': [
      [0, 7],
      [9, 10],
    ],
  });
});

it('reads the journal of accounts, but no half line', () => {
  const state = new SimulationState(folder, 7, 1_000);
  const tombstone = { partition: 1, offset: 2, arrivedAt: 3, key: 'acc', value: null };
  state.journal(tombstone);
  appendFileSync(join(folder, 'accounts.ndjson'), '{"partition":1');
  expect(state.journalled()).toEqual([tombstone]);
  state.journal({ ...tombstone, offset: 3 });
  expect(state.journalled().map(({ offset }) => offset)).toEqual([2, 3]);
});
