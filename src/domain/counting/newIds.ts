import type { Cell } from './cell.js';
import type { AccountChanges } from './changes.js';
import type { IdChunk } from './idChunk.js';

/**
 * Where the new ids of a cell go, whose first one is remembered already. When it is the first of its month as well, there
 * is made room for all rows of the month: nearly all of those that follow are new too.
 * @param cells all of the run
 */
export function newIdsOf(changes: AccountChanges, cell: Cell, cells: readonly Cell[]): IdChunk {
  const { month, seen } = cell;
  const known = changes.idsOf(month);
  if (known !== undefined) return known;
  let rows = 0;
  for (const one of cells) if (one.month === month) rows += one.rows;
  seen?.reserve(rows - 1);
  return changes.newIds(month, rows);
}
