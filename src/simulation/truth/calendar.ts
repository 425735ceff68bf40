import { Instant, LocalDate, ZoneId } from '@js-joda/core';
import '@js-joda/timezone';

export interface Span {
  start: number;
  end: number;
}

/** Local midnight, or the first instant of that day where midnight is missing. */
function startOfDay(date: LocalDate, zone: ZoneId): number {
  return date.atStartOfDay(zone).toInstant().toEpochMilli();
}

function localDate(instant: number, zone: ZoneId): LocalDate {
  return LocalDate.ofInstant(Instant.ofEpochMilli(instant), zone);
}

type Boundaries = (instant: number) => number[];

/** Month boundaries around an instant: the anchor day, clamped to the length of each month. */
function monthBoundaries(timeZone: string, anchorDay: number | null): Boundaries {
  const zone = ZoneId.of(timeZone);
  return (instant) => {
    const first = localDate(instant, zone).withDayOfMonth(1);
    return [-2, -1, 0, 1, 2].map((months) => {
      const month = first.plusMonths(months);
      return startOfDay(month.withDayOfMonth(Math.min(anchorDay ?? 1, month.lengthOfMonth())), zone);
    });
  };
}

function yearBoundaries(timeZone: string): Boundaries {
  const zone = ZoneId.of(timeZone);
  return (instant) => {
    const year = localDate(instant, zone).year();
    return [-1, 0, 1, 2].map((years) => startOfDay(LocalDate.of(year + years, 1, 1), zone));
  };
}

interface Regime {
  from: number;
  boundaries: Boundaries;
}

/** The windows of one kind of an account: no overlap, no gap, whatever settings follow each other. */
class Windows {
  private readonly regimes: Regime[];
  private known: Span[] = [];

  constructor(boundaries: Boundaries) {
    this.regimes = [{ from: -Infinity, boundaries }];
  }

  at(instant: number): Span {
    const known = this.known.find((span) => span.start <= instant && instant < span.end);
    if (known !== undefined) return known;
    const index = this.regimes.findLastIndex((regime) => regime.from <= instant);
    const regime = this.regimes[index];
    if (regime === undefined) throw new RangeError('no settings for this time');
    const around = regime.boundaries(instant);
    const before = around.filter((boundary) => boundary <= instant);
    const after = around.filter((boundary) => boundary > instant);
    const span = {
      start: Math.max(regime.from, ...before),
      end: Math.min(this.regimes[index + 1]?.from ?? Infinity, ...after),
    };
    this.known.push(span);
    return span;
  }

  /** New settings, taken in at `instant`, hold from the end of the window that is open then. */
  change(instant: number, boundaries: Boundaries): void {
    const from = this.at(instant).end;
    while ((this.regimes.at(-1)?.from ?? -Infinity) >= from) this.regimes.pop();
    this.regimes.push({ from, boundaries });
    this.known = this.known.filter((span) => span.end <= from);
  }
}

/** The calendar of an account: months by zone and anchor, years by zone, hours by UTC (contract §3 "Windows"). */
export class Calendar {
  private readonly months: Windows;
  private readonly years: Windows;

  constructor(
    private timeZone: string,
    private anchorDay: number | null,
  ) {
    this.months = new Windows(monthBoundaries(timeZone, anchorDay));
    this.years = new Windows(yearBoundaries(timeZone));
  }

  change(instant: number, timeZone: string, anchorDay: number | null): void {
    const moved = timeZone !== this.timeZone;
    if (moved) this.years.change(instant, yearBoundaries(timeZone));
    if (moved || anchorDay !== this.anchorDay) {
      this.months.change(instant, monthBoundaries(timeZone, anchorDay));
    }
    this.timeZone = timeZone;
    this.anchorDay = anchorDay;
  }

  window(kind: 'hour' | 'month' | 'year', instant: number): Span {
    if (kind === 'month') return this.months.at(instant);
    if (kind === 'year') return this.years.at(instant);
    const start = Math.floor(instant / 3_600_000) * 3_600_000;
    return { start, end: start + 3_600_000 };
  }
}
