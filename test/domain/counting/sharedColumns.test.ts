import { describe, expect, it } from '@jest/globals';
import { columnsIn, moved, roomFor } from '../../../src/domain/counting/sharedColumns.js';
import { UPLOADS, UsageTable } from '../../../src/domain/counting/usageColumns.js';

const LAYOUT = {
  wide: [Float64Array, 1],
  pair: [Float64Array, 2],
  triple: [Int32Array, 3],
  single: [Int32Array, 1],
  narrow: [Uint8Array, 1],
} as const;

/** Every number of all columns another one. */
function filled(rows: number): SharedArrayBuffer {
  const buffer = roomFor(LAYOUT, rows);
  let n = 0;
  for (const column of Object.values(columnsIn(LAYOUT, buffer)))
    for (const at of column.keys()) column[at] = n++;
  return buffer;
}

describe('columns in shared memory', () => {
  it.each([1, 2, 5, 16])('do not overlap and leave nothing of the memory of %s rows', (rows) => {
    const columns = Object.values(columnsIn(LAYOUT, filled(rows)));
    expect(columns.map(({ length }) => length)).toEqual([1, 2, 3, 1, 1].map((perRow) => perRow * rows));
    const all = columns.flatMap((column) => [...column]);
    expect(all).toEqual(all.map((_, n) => n));
    expect(columns.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(
      roomFor(LAYOUT, rows).byteLength,
    );
  });

  it('are the same for whoever has the same memory', () => {
    const buffer = filled(3);
    columnsIn(LAYOUT, buffer).triple[4] = 77;
    expect(columnsIn(LAYOUT, buffer).triple[4]).toBe(77);
  });

  it('keep the rows that were used when they move, and have room for more', () => {
    const from = filled(5);
    const [old, made] = [columnsIn(LAYOUT, from), columnsIn(LAYOUT, moved(LAYOUT, from, 4, 11))];
    for (const [name, [, perRow]] of Object.entries(LAYOUT) as [
      keyof typeof LAYOUT,
      readonly [unknown, number],
    ][]) {
      expect([...made[name]]).toEqual([
        ...old[name].subarray(0, 4 * perRow),
        ...Array.from({ length: 7 * perRow }, () => 0),
      ]);
    }
  });

  it('have all rows of a table that grew again and again', () => {
    const table = new UsageTable();
    const id = (n: number): Uint8Array => new Uint8Array(16).fill(n % 251);
    for (let n = 0; n < 20_000; n += 1) {
      expect(table.push(n % 4, n + 1, n + 2, n + 3, n + 4)).toBe(n);
      table.setId(n, id(n));
    }
    const read = new UsageTable(table.buffer);
    let wrong = 0;
    for (let n = 0; n < 20_000; n += 1) {
      const { metric, workspace, occurredAt, arrivedAt, ids } = read;
      const numbers = [metric[n], workspace[n], read.amountOf(n), occurredAt[n], arrivedAt[n]];
      const bytes = Buffer.from(ids.buffer, ids.byteOffset + n * 16, 16);
      const amount = n % 4 === UPLOADS ? n + 2 : 1;
      if (numbers.join() !== [n % 4, n + 1, amount, n + 3, n + 4].join() || !bytes.equals(id(n))) wrong += 1;
    }
    expect(wrong).toBe(0);
  });

  it('tell nothing of what lay there before', () => {
    const table = new UsageTable();
    table.push(UPLOADS, 0, 7, 0, 0);
    table.reset();
    table.push(0, 0, 1, 0, 0);
    expect(table.amountOf(0)).toBe(1);
    table.reset();
    table.push(UPLOADS, 0, 0, 0, 0);
    expect(table.amountOf(0)).toBe(0);
  });

  it('stay in their memory until far more was written to it than is wanted', () => {
    const table = new UsageTable();
    const batch = (rows: number): SharedArrayBuffer => {
      for (let n = 0; n < rows; n += 1) table.push(0, 0, 1, n, n);
      table.reset();
      return table.buffer;
    };
    // There is room for a million rows as soon as there are many; what was not written to is not there.
    const large = batch(20_000);
    expect([batch(20_000), batch(2_500)]).toEqual([large, large]);
    const small = batch(2_499);
    expect(small.byteLength).toBeLessThan(large.byteLength / 100);
    expect([batch(2_499), batch(400)]).toEqual([small, small]);
  });
});
