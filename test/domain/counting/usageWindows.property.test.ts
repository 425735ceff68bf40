import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UsageWindow } from '../../../src/domain/counting/usageWindow.js';
import { UsageWindows } from '../../../src/domain/counting/usageWindows.js';

const SEED = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const STARTS = 10;
const WORKSPACES = ['', 'w1'];

type Step =
  | {
      readonly do: 'open';
      readonly start: number;
      readonly kind: 'hour' | 'month';
      readonly workspaceId: string;
    }
  | { readonly do: 'read' | 'forget'; readonly start: number };

function rowOf(start: number, kind: 'hour' | 'month', workspaceId: string): UsageWindow {
  const rule = kind === 'hour' ? 'chats-per-hour' : 'chats-per-month';
  const window = { start, end: start + (kind === 'hour' ? 1 : 100) };
  return { rule, kind, workspaceId, window } as unknown as UsageWindow;
}

/** The rows of an account in memory, read and written as the processor does. */
class Account {
  readonly windows = new UsageWindows();
  private readonly stored: UsageWindow[] = [];

  private storedAt(start: number): readonly UsageWindow[] {
    return this.stored.filter(({ window }) => window.start === start);
  }

  read(start: number): void {
    const { windows } = this;
    if (windows.has(start)) return;
    if (windows.loadedFrom !== Infinity) {
      windows.markLoaded(start);
      for (const row of this.storedAt(start)) windows.add(row);
      return;
    }
    const known = new Set(windows.all.map(({ window }) => window.start));
    for (const row of this.stored) {
      if (row.window.start >= start && !known.has(row.window.start)) windows.add(row);
    }
    windows.loadedFrom = start;
  }

  open(row: UsageWindow): void {
    this.read(row.window.start);
    if (this.windows.find(row.rule, row.workspaceId, row.window.start) !== undefined) return;
    this.windows.add(row);
    this.stored.push(row);
  }

  /** What it says is here must be here, all of it. */
  check(): void {
    const sorted = (rows: readonly UsageWindow[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    for (let start = 0; start <= STARTS; start += 1) {
      if (!this.windows.has(start)) continue;
      expect(sorted(this.windows.startingAt(start))).toEqual(sorted(this.storedAt(start)));
    }
    expect(this.windows.all.map(({ window }) => window.start)).toEqual(
      this.windows.all.map(({ window }) => window.start).sort((one, other) => one - other),
    );
  }
}

const start = fc.integer({ min: 0, max: STARTS });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('open' as const),
    start,
    kind: fc.constantFrom('hour' as const, 'month' as const),
    workspaceId: fc.constantFrom(...WORKSPACES),
  }),
  fc.record({ do: fc.constantFrom('read' as const, 'forget' as const), start }),
);

describe('the rows of an account in memory', () => {
  it('are all there of the windows that it says are, whatever was read, opened and forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const account = new Account();
        for (const one of steps) {
          if (one.do === 'open') account.open(rowOf(one.start, one.kind, one.workspaceId));
          else if (one.do === 'read') account.read(one.start);
          else account.windows.forgetHoursBefore(one.start);
          account.check();
        }
      }),
      { numRuns: 3_000, ...SEED },
    );
  });

  it('are forgotten before an instant, but those of longer windows and what starts with them', () => {
    const account = new Account();
    for (let hour = 0; hour <= STARTS; hour += 1) account.open(rowOf(hour, 'hour', ''));
    account.open(rowOf(2, 'month', 'w1'));
    account.windows.forgetHoursBefore(5);
    const starts = account.windows.all.map(({ kind, window }) => `${kind} ${window.start}`);
    expect(starts).toEqual(['hour 2', 'month 2', ...[5, 6, 7, 8, 9, 10].map((hour) => `hour ${hour}`)]);
    expect([0, 1, 2, 3, 4, 5, 6].map((hour) => account.windows.has(hour))).toEqual([
      ...[false, false, true, false, false, true, true],
    ]);
  });
});
