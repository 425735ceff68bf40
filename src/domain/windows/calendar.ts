import { isValidZone, monthBoundaries, yearBoundaries, type Boundaries } from './boundaries.js';
import type { Window } from './window.js';

export { isValidZone };

/**
 * An account's own calendar: contiguous windows as they were opened, never recomputed (zone data differs
 * between Node versions), extended by time. Plain JSON.
 */
export interface Calendar {
  /** Settings for windows opened from now on. */
  readonly zone: string;
  readonly anchorDay: number | null;
  /** Settings of the first windows ever opened: those before them follow these. */
  readonly firstZone: string;
  readonly firstAnchorDay: number | null;
  /** Where the last change of settings began for this kind of window; null: none since the first. */
  readonly monthsChangedAt: number | null;
  readonly yearsChangedAt: number | null;
  readonly months: readonly Window[];
  readonly years: readonly Window[];
}

type CalendarKind = 'month' | 'year';

/**
 * An account's calendar with nothing opened yet.
 * @throws RangeError when the zone is unknown or the anchor is not a whole number from 1 to 31
 */
export function newCalendar(zone: string, anchorDay: number | null): Calendar {
  checkSettings(zone, anchorDay);
  return {
    zone,
    anchorDay,
    firstZone: zone,
    firstAnchorDay: anchorDay,
    monthsChangedAt: null,
    yearsChangedAt: null,
    months: [],
    years: [],
  };
}

/**
 * The window that holds the instant (epoch milliseconds); opens windows forwards from the last stored end, or
 * backwards from the first start, as needed. Returns the same calendar object when nothing had to be opened.
 * @throws RangeError when this runtime does not know the calendar's zone
 */
export function windowAt(
  calendar: Calendar,
  kind: CalendarKind,
  instant: number,
): { window: Window; calendar: Calendar } {
  const opened = kind === 'month' ? calendar.months : calendar.years;
  const known = find(opened, instant);
  if (known !== undefined) return { window: known, calendar };
  const windows = extend(calendar, kind, opened, instant);
  const window = find(windows, instant);
  if (window === undefined) throw new RangeError(`no ${kind} holds the instant ${instant}`);
  return {
    window,
    calendar: kind === 'month' ? { ...calendar, months: windows } : { ...calendar, years: windows },
  };
}

/**
 * New settings take effect at the end of the last window open at `takenAt` (or of the last one opened, if that
 * is later): the next one runs from there to the first new boundary after it. The anchor concerns months only.
 * When no window was opened yet, the one holding `takenAt` is opened by the old settings first. Returns the
 * same calendar object when nothing changes.
 * @throws RangeError when the zone is unknown or the anchor is not a whole number from 1 to 31
 */
export function withSettings(
  calendar: Calendar,
  zone: string,
  anchorDay: number | null,
  takenAt: number,
): Calendar {
  if (zone === calendar.zone && anchorDay === calendar.anchorDay) return calendar;
  checkSettings(zone, anchorDay);
  const months = openedUntil(calendar, 'month', takenAt);
  const changed = { ...calendar, zone, anchorDay, months, monthsChangedAt: endOf(months) };
  if (zone === calendar.zone) return changed;
  const years = openedUntil(calendar, 'year', takenAt);
  return { ...changed, years, yearsChangedAt: endOf(years) };
}

/** The windows of a kind, opened by the present settings at least as far as the instant. */
function openedUntil(calendar: Calendar, kind: CalendarKind, instant: number): readonly Window[] {
  const opened = kind === 'month' ? calendar.months : calendar.years;
  const end = endOf(opened);
  return end !== null && instant < end ? opened : extend(calendar, kind, opened, instant);
}

function extend(
  calendar: Calendar,
  kind: CalendarKind,
  opened: readonly Window[],
  instant: number,
): readonly Window[] {
  const first = opened[0];
  if (first !== undefined && instant < first.start) {
    return [...backwards(firstBoundaries(calendar, kind), kind, first.start, instant), ...opened];
  }
  const present = presentBoundaries(calendar, kind);
  const end = endOf(opened);
  if (end === null) {
    const after = present.indexAfter(instant);
    return [{ start: present.at(after - 1), end: present.at(after) }];
  }
  const changedAt = kind === 'month' ? calendar.monthsChangedAt : calendar.yearsChangedAt;
  const from = end === changedAt ? end : end + slack(kind);
  return [...opened, ...forwards(present, present.indexAfter(from), end, instant)];
}

function forwards(boundaries: Boundaries, index: number, from: number, until: number): Window[] {
  const windows: Window[] = [];
  for (let start = from, next = index; start <= until; next += 1) {
    const end = boundaries.at(next);
    windows.push({ start, end });
    start = end;
  }
  return windows;
}

function backwards(boundaries: Boundaries, kind: CalendarKind, from: number, until: number): Window[] {
  const windows: Window[] = [];
  let index = boundaries.indexAfter(from - slack(kind)) - 1;
  for (let end = from; until < end; index -= 1) {
    const start = boundaries.at(index);
    windows.unshift({ start, end });
    end = start;
  }
  return windows;
}

/**
 * A stored boundary may be hours off the one that newer zone data gives. While the settings stay, a boundary
 * nearer than this is the stored one again and must not open a window of a few hours.
 */
function slack(kind: CalendarKind): number {
  const days = kind === 'month' ? 3 : 30;
  return days * 86_400_000;
}

function firstBoundaries(calendar: Calendar, kind: CalendarKind): Boundaries {
  return kind === 'month'
    ? monthBoundaries(calendar.firstZone, calendar.firstAnchorDay)
    : yearBoundaries(calendar.firstZone);
}

function presentBoundaries(calendar: Calendar, kind: CalendarKind): Boundaries {
  return kind === 'month'
    ? monthBoundaries(calendar.zone, calendar.anchorDay)
    : yearBoundaries(calendar.zone);
}

function endOf(windows: readonly Window[]): number | null {
  return windows.at(-1)?.end ?? null;
}

/** Most instants lie in the newest window; the others are found by halving. */
function find(windows: readonly Window[], instant: number): Window | undefined {
  const newest = windows.at(-1);
  if (newest === undefined || !(instant < newest.end)) return undefined;
  if (instant >= newest.start) return newest;
  let low = 0;
  let high = windows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const window = windows[middle];
    if (window === undefined) return undefined;
    if (instant < window.start) high = middle - 1;
    else if (instant >= window.end) low = middle + 1;
    else return window;
  }
  return undefined;
}

function checkSettings(zone: string, anchorDay: number | null): void {
  if (!isValidZone(zone)) throw new RangeError(`unknown time zone: ${JSON.stringify(zone)}`);
  if (anchorDay !== null && !(Number.isInteger(anchorDay) && anchorDay >= 1 && anchorDay <= 31)) {
    throw new RangeError(`a billing anchor is a day from 1 to 31, not ${anchorDay}`);
  }
}
