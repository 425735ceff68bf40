import { rowName, type Row } from './account.js';
import type { Overage, RecountOptions, WindowKey } from './types.js';

const STARTED = 100;
const GROWTH = [125, 150, 200, 300, 500, 1000];

interface Running {
  row: Row;
  limit: number;
  key: WindowKey;
  /** When time closes it (epoch ms), asked once: it is looked at with every record. */
  closesAt: number | null;
}

/** What business development is told (contract §4): each step of each limit once, and nothing after the end. */
export class Overages {
  readonly all: Overage[] = [];
  private readonly told = new Set<string>();
  private readonly closed = new Set<string>();
  /** Rows whose overage is not closed yet. */
  private readonly running = new Map<string, Running>();

  constructor(private readonly options: RecountOptions) {}

  /** A figure above its limit: starts, grows, and ends at once where the window had ended before. */
  tell(row: Row, limit: number, figure: number, asOf: number): void {
    const window = `${row.accountId}|${rowName(row)}`;
    if (figure <= limit || this.closed.has(window)) return;
    const started = this.step(row, window, limit, STARTED, figure);
    for (const step of GROWTH) {
      if (figure * 100 >= limit * step) this.step(row, window, limit, step, figure);
    }
    const key = keyOf(row);
    const known = this.running.get(window);
    const closesAt = known === undefined ? (this.options.closedAt?.(key) ?? null) : known.closesAt;
    this.running.set(window, { row, limit, key, closesAt });
    if (started && row.end <= asOf) this.close(window, figure);
  }

  /** What time has closed by now, with the figures so far. */
  closeUntil(now: number): void {
    for (const [window, { row, closesAt }] of this.running) {
      if (closesAt !== null && closesAt <= now) this.close(window, row.used);
    }
  }

  private step(row: Row, window: string, limit: number, stepPercent: number, used: number): boolean {
    const name = `${window}|${String(limit)}|${String(stepPercent)}`;
    if (this.told.has(name)) return false;
    this.told.add(name);
    const kind = stepPercent === STARTED ? 'STARTED' : 'GREW';
    this.all.push({ ...keyOf(row), kind, stepPercent, limit, used });
    return true;
  }

  private close(window: string, used: number): void {
    const running = this.running.get(window);
    if (running === undefined) return;
    this.running.delete(window);
    this.closed.add(window);
    const told = this.all.filter((one) => one.accountId === running.row.accountId && isOf(one, running.row));
    const stepPercent = Math.max(...told.map((one) => one.stepPercent));
    this.all.push({ ...running.key, kind: 'CLOSED', stepPercent, limit: running.limit, used });
  }
}

const isOf = (one: WindowKey, row: Row): boolean => rowName(one) === rowName(row);

function keyOf({ accountId, workspaceId, rule, metric, windowKind, start, end }: Row): WindowKey {
  return { accountId, workspaceId, rule, metric, windowKind, start, end };
}
