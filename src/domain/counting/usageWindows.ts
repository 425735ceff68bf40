import type { LimitRule } from '../policy/policy.js';
import { inserted } from './shortLists.js';
import type { UsageWindow } from './usageWindow.js';

/** The rows of an account's windows; holds what was loaded or opened. */
export class UsageWindows {
  /** Ascending by the start of their window. */
  private list: readonly UsageWindow[] = [];
  /** Starts before {@link loadedFrom} of whose windows every row is here. */
  private starts: readonly number[] = [];
  /** Every row of the windows that start from here on (epoch ms) is here. */
  loadedFrom = Infinity;

  get all(): readonly UsageWindow[] {
    return this.list;
  }

  /** True when every row of the windows that start then is here. */
  has(start: number): boolean {
    return start >= this.loadedFrom || this.starts.includes(start);
  }

  /** Notes that every row of the windows that start then is here. */
  markLoaded(start: number): void {
    if (!this.starts.includes(start)) this.starts = this.starts.concat([start]);
  }

  /** The rows of the windows that start then. */
  startingAt(start: number): readonly UsageWindow[] {
    return this.list.slice(this.firstOf(start), this.firstOf(start + 1));
  }

  find(rule: LimitRule, workspaceId: string, start: number): UsageWindow | undefined {
    for (let at = this.firstOf(start); at < this.list.length; at += 1) {
      const row = this.list[at];
      if (row?.window.start !== start) return undefined;
      if (row.rule === rule && row.workspaceId === workspaceId) return row;
    }
    return undefined;
  }

  add(row: UsageWindow): void {
    this.list = inserted(this.list, this.firstOf(row.window.start + 1), row);
  }

  /**
   * Lets go of what starts before an instant (epoch ms), unless it is longer than an hour, or starts with a window that is.
   */
  forgetHoursBefore(from: number): void {
    const before = this.list.slice(0, this.firstOf(from));
    if (before.length === 0) return;
    const long: number[] = [];
    for (const { kind, window } of before) {
      if (kind !== 'hour' && !long.includes(window.start)) long.push(window.start);
    }
    const isKept = (start: number): boolean => start >= from || long.includes(start);
    if (!before.every(({ window }) => isKept(window.start))) {
      this.list = this.list.filter(({ window }) => isKept(window.start));
    }
    if (this.loadedFrom >= from) {
      if (!this.starts.every(isKept)) this.starts = this.starts.filter(isKept);
      return;
    }
    const known = long.filter((start) => this.has(start) && !this.starts.includes(start));
    this.starts = [...this.starts.filter((start) => start < from && isKept(start)), ...known];
    this.loadedFrom = from;
  }

  /** Memory in bytes, as measured. */
  get bytes(): number {
    return 150 + this.starts.length * 8 + this.list.length * 150;
  }

  /** The place of the first row that starts then, or of the first after it. */
  private firstOf(start: number): number {
    const { list } = this;
    let low = 0;
    for (let high = list.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((list[middle]?.window.start ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
