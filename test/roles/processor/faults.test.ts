import { describe, expect, it } from '@jest/globals';
import { RecordNotKept } from '../../../src/roles/processor/keptRecords.js';
import { verdictOn } from '../../../src/roles/processor/faults.js';

const error = (code: string) => Object.assign(new Error(code), { code });

describe('a counting transaction that fails again and again', () => {
  it.each(['40001', '40P01', '55P03'])('waits for whoever holds what it needs: %s', (code) => {
    expect([0, 9, 10, 1_000].map((conflicts) => verdictOn(error(code), conflicts))).toEqual([
      ...['conflict', 'conflict', 'outage', 'outage'],
    ]);
  });

  it('takes everything in again where a record was not kept', () => {
    expect(verdictOn(new RecordNotKept('row 1'), 1_000)).toBe('not-kept');
  });

  it.each(['23505', '23514'])('ends when what was read anew does not fit again: %s', (code) => {
    expect([0, 9, 10].map((conflicts) => verdictOn(error(code), conflicts))).toEqual([
      ...['conflict', 'conflict', 'fatal'],
    ]);
  });
});
