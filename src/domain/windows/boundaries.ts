import { Temporal } from 'temporal-polyfill';

/**
 * The boundaries of one kind of window under fixed settings, numbered so that a higher index is a later
 * instant. Each is computed from the calendar itself, never by adding to the one before (31 → 28 → 31).
 */
export interface Boundaries {
  /** The instant (epoch milliseconds) at which window `index` begins. */
  at(index: number): number;
  /** The smallest index whose boundary lies after the instant. */
  indexAfter(instant: number): number;
}

const MONTHS = 12;

/** Local midnight of the anchor day of each month, clamped to the month's length; null: the 1st. */
export function monthBoundaries(zone: string, anchorDay: number | null): Boundaries {
  const at = (index: number): number =>
    // PlainDate.from constrains the day to the month's length.
    startOfDay(zone, Math.floor(index / MONTHS), (index % MONTHS) + 1, anchorDay ?? 1);
  return boundaries(at, zone, (local) => local.year * MONTHS + local.month - 1);
}

/** Local midnight of each 1 January. */
export function yearBoundaries(zone: string): Boundaries {
  return boundaries(
    (index) => startOfDay(zone, index, 1, 1),
    zone,
    (local) => local.year,
  );
}

/**
 * True for the name of an IANA time zone that this runtime knows (`UTC` and links included). Bare offsets
 * such as `+02:00` are no names.
 */
export function isValidZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return false;
  try {
    localTime(0, zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function boundaries(
  at: (index: number) => number,
  zone: string,
  indexOf: (local: Temporal.ZonedDateTime) => number,
): Boundaries {
  return {
    at,
    indexAfter(instant) {
      // Clocks that are set back over midnight return to the day before: the local month alone is no proof.
      let index = indexOf(localTime(instant, zone));
      while (at(index) <= instant) index += 1;
      return index;
    },
  };
}

/** The first instant of the local date, which is not always 00:00 (and 00:00 may happen twice). */
function startOfDay(zone: string, year: number, month: number, day: number): number {
  return Temporal.PlainDate.from({ year, month, day }).toZonedDateTime(zone).epochMilliseconds;
}

function localTime(instant: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
}
