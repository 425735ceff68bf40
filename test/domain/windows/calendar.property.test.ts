import { Instant, LocalDate, ZoneId } from '@js-joda/core';
import '@js-joda/timezone';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newCalendar, windowAt, withSettings, type Calendar } from '../../../src/domain/windows/calendar.js';
import type { Window } from '../../../src/domain/windows/window.js';

/** Zones whose rules differ in kind; both sources of zone data agree on them within the years drawn. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Santiago',
  'America/Caracas',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Asia/Tokyo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];
const FROM = Date.UTC(2009, 0, 1);
/** Windows of later years end where newer zone data differs (Africa/Casablanca from 2026). */
const TO = Date.UTC(2025, 0, 1);

type Kind = 'month' | 'year';
interface Settings {
  readonly zone: string;
  readonly anchorDay: number | null;
}

const zones = fc.constantFrom(...ZONES);
const anchors = fc.constantFrom(null, 1, 2, 4, 15, 28, 29, 30, 31);
const settings = fc.record({ zone: zones, anchorDay: anchors });
const kinds = fc.constantFrom<Kind>('month', 'year');
/** Any instant, and those around a local midnight somewhere. */
const instants = fc.oneof(
  fc.integer({ min: FROM, max: TO }),
  fc
    .tuple(
      fc.integer({ min: 0, max: 190 }),
      fc.integer({ min: -30, max: 30 }),
      fc.integer({ min: -96, max: 96 }),
    )
    .map(([month, day, quarters]) => Date.UTC(2009, month, 1 + day, 0, quarters * 15)),
);

/** js-joda carries its own zone data and its own arithmetic. */
function boundariesByJoda({ zone, anchorDay }: Settings, kind: Kind, from: number, to: number): number[] {
  const id = ZoneId.of(zone);
  const first = Instant.ofEpochMilli(from).atZone(id).year() - 1;
  const last = Instant.ofEpochMilli(to).atZone(id).year() + 2;
  const found: number[] = [];
  for (let year = first; year <= last; year += 1) {
    for (let month = 1; month <= (kind === 'month' ? 12 : 1); month += 1) {
      const length = LocalDate.of(year, month, 1).lengthOfMonth();
      const day = kind === 'month' ? Math.min(anchorDay ?? 1, length) : 1;
      found.push(LocalDate.of(year, month, day).atStartOfDay(id).toInstant().toEpochMilli());
    }
  }
  return found;
}

function windowByJoda(of: Settings, kind: Kind, instant: number): Window {
  const all = boundariesByJoda(of, kind, instant, instant);
  return {
    start: all.findLast((boundary) => boundary <= instant)!,
    end: all.find((boundary) => boundary > instant)!,
  };
}

function expectTiles(calendar: Calendar): void {
  for (const windows of [calendar.months, calendar.years]) {
    for (const [index, window] of windows.entries()) {
      expect(window.start).toBeLessThan(window.end);
      if (index > 0) expect(window.start).toBe(windows[index - 1]!.end);
    }
  }
}

describe('windows under settings that stay', () => {
  it('are those of another implementation', () => {
    fc.assert(
      fc.property(settings, kinds, instants, (of, kind, instant) => {
        const { window } = windowAt(newCalendar(of.zone, of.anchorDay), kind, instant);
        expect(window).toEqual(windowByJoda(of, kind, instant));
      }),
      { numRuns: 1_500 },
    );
  });

  it('are the same whatever the order in which they are asked for', () => {
    const near = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(settings, kinds, instants, near, (of, kind, origin, days) => {
        let calendar = newCalendar(of.zone, of.anchorDay);
        for (const day of days) {
          const instant = origin - day * 86_400_000;
          const found = windowAt(calendar, kind, instant);
          ({ calendar } = found);
          expect(found.window).toEqual(windowByJoda(of, kind, instant));
        }
        expectTiles(calendar);
      }),
      { numRuns: 150 },
    );
  });
});

type Step =
  | { readonly do: 'ask'; readonly kind: Kind; readonly day: number }
  | { readonly do: 'set'; readonly settings: Settings; readonly day: number };

const days = fc.integer({ min: -400, max: 800 });
const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const), kind: kinds, day: days }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('set' as const), settings, day: days }) },
  ),
  { minLength: 1, maxLength: 15 },
) as fc.Arbitrary<Step[]>;

/** The rule, naively: what a change of settings makes of the windows that are open, by js-joda's boundaries. */
class NaiveCalendar {
  private readonly windows: Record<Kind, Window[]> = { month: [], year: [] };
  private present: Settings;

  constructor(private readonly first: Settings) {
    this.present = first;
  }

  ask(kind: Kind, instant: number): Window {
    const windows = this.windows[kind];
    if (windows.length === 0) windows.push(windowByJoda(this.present, kind, instant));
    while (instant >= windows.at(-1)!.end) {
      const start = windows.at(-1)!.end;
      const all = boundariesByJoda(this.present, kind, start, start);
      windows.push({ start, end: all.find((boundary) => boundary > start)! });
    }
    while (instant < windows[0]!.start) {
      const end = windows[0]!.start;
      const all = boundariesByJoda(this.first, kind, end, end);
      windows.unshift({ start: all.findLast((boundary) => boundary < end)!, end });
    }
    return windows.find(({ start, end }) => start <= instant && instant < end)!;
  }

  set(to: Settings, takenAt: number): void {
    for (const kind of ['month', 'year'] as const) {
      const concerned = kind === 'month' ? to.anchorDay !== this.present.anchorDay : false;
      if (!concerned && to.zone === this.present.zone) continue;
      const end = this.windows[kind].at(-1)?.end;
      if (end === undefined || takenAt >= end) this.ask(kind, takenAt);
    }
    this.present = to;
  }
}

describe('windows under settings that change', () => {
  it('tile, hold what they are asked for, stay as they were opened, and follow the rule', () => {
    fc.assert(
      fc.property(
        settings,
        fc.integer({ min: FROM + 500 * 86_400_000, max: TO - 900 * 86_400_000 }),
        steps,
        (first, origin, todo) => {
          let calendar = newCalendar(first.zone, first.anchorDay);
          const naive = new NaiveCalendar(first);
          for (const step of todo) {
            const before = calendar;
            const instant = origin + step.day * 86_400_000;
            if (step.do === 'ask') {
              const found = windowAt(calendar, step.kind, instant);
              ({ calendar } = found);
              expect(found.window).toEqual(naive.ask(step.kind, instant));
              expect(windowAt(calendar, step.kind, instant).calendar).toBe(calendar);
            } else {
              calendar = withSettings(calendar, step.settings.zone, step.settings.anchorDay, instant);
              naive.set(step.settings, instant);
              expect(withSettings(calendar, step.settings.zone, step.settings.anchorDay, instant)).toBe(
                calendar,
              );
            }
            expectTiles(calendar);
            expect(calendar.months).toEqual(expect.arrayContaining([...before.months]));
            expect(calendar.years).toEqual(expect.arrayContaining([...before.years]));
            // What is stored is what is read back.
            calendar = JSON.parse(JSON.stringify(calendar)) as Calendar;
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
