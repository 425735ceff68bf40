import type { Metric } from '../policy/policy.js';
import type { AccountState } from './accountState.js';
import { Cell } from './cell.js';
import { windowsToBe } from './count.js';
import { METRICS, NO_ROW, type RowList, type UsageColumns } from './usageColumns.js';

/**
 * Sorts the events of one account in a batch into cells: writes each one's number into the columns, and appends the cells that
 * are missing.
 * @param cells those at hand, begun anew
 * @returns whether cells were missing
 */
export function layOut(state: AccountState, columns: UsageColumns, list: RowList, cells: Cell[]): boolean {
  const { metric, occurredAt, workspace, next } = columns;
  const before = cells.length;
  let number = -1;
  let cell: Cell | undefined;
  let lastMetric = -1;
  let lastWorkspace = -1;
  for (let row = list.first; row !== NO_ROW; row = next[row] ?? NO_ROW) {
    const at = occurredAt[row] ?? 0;
    const kind = metric[row] ?? 0;
    const place = workspace[row] ?? 0;
    // Most events follow one of the same cell.
    if (cell === undefined || kind !== lastMetric || place !== lastWorkspace || !cell.holds(at)) {
      number = cellOf(state, cells, METRICS[kind] ?? 'chats', columns.workspaces[place] ?? '', at);
      cell = cells[number];
      lastMetric = kind;
      lastWorkspace = place;
    }
    columns.cell[row] = number;
    if (cell !== undefined) cell.rows += 1;
  }
  return cells.length > before;
}

/** The number of the cell, made where it is missing. */
function cellOf(state: AccountState, cells: Cell[], metric: Metric, workspaceId: string, at: number): number {
  for (let n = 0; n < cells.length; n += 1) {
    const cell = cells[n];
    if (cell?.metric === metric && cell.workspaceId === workspaceId && cell.holds(at)) return n;
  }
  return cells.push(new Cell(metric, workspaceId, at, windowsToBe(state, metric, at))) - 1;
}
