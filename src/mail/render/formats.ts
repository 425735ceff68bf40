import type { Catalogue } from './catalogue.js';

const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Numbers, amounts and times as one language writes them, times in the account's zone. */
export interface Formats {
  number(value: number): string;
  /** Bytes in the largest binary unit that leaves at least 1. */
  bytes(value: number): string;
  date(instant: number): string;
  time(instant: number): string;
  /** The zone's name and its offset at the instant. */
  zone(instant: number): string;
  /** Date, time and zone. */
  moment(instant: number): string;
}

// To make them takes longer than to use them; most accounts have one of few zones.
const KEPT_ZONES = 50;
const kept = new WeakMap<Catalogue, Map<string, Formats>>();

/** Formats of a language and an IANA zone; a zone that this runtime does not know is read as UTC. */
export function formatsFor(catalogue: Catalogue, timeZone: string): Formats {
  let ofZones = kept.get(catalogue);
  if (ofZones === undefined || ofZones.size > KEPT_ZONES)
    kept.set(catalogue, (ofZones = new Map<string, Formats>()));
  let formats = ofZones.get(timeZone);
  if (formats === undefined) ofZones.set(timeZone, (formats = makeFormats(catalogue, timeZone)));
  return formats;
}

function makeFormats(catalogue: Catalogue, timeZone: string): Formats {
  const zoneName = knownZone(timeZone);
  const options = { timeZone: zoneName } as const;
  // The date and the time are joined by the catalogue: how a runtime joins them differs between its versions.
  const date = new Intl.DateTimeFormat(catalogue.formats, {
    ...options,
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  const time = new Intl.DateTimeFormat(catalogue.formats, {
    ...options,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const offset = new Intl.DateTimeFormat(catalogue.formats, { ...options, timeZoneName: 'shortOffset' });
  const whole = new Intl.NumberFormat(catalogue.formats, { maximumFractionDigits: 0 });
  const fraction = new Intl.NumberFormat(catalogue.formats, { maximumFractionDigits: 1 });

  const zone = (instant: number): string => {
    const part = offset.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
    if (zoneName === 'UTC') return 'UTC';
    return catalogue.text('zone', { name: zoneName.replaceAll('_', ' '), offset: part });
  };
  return {
    number: (value) => whole.format(value),
    bytes: (value) => {
      const power = value < 1024 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(value) / 10));
      return `${fraction.format(value / 1024 ** power)} ${BYTE_UNITS[power] ?? ''}`;
    },
    date: (instant) => date.format(instant),
    time: (instant) => time.format(instant),
    zone,
    moment: (instant) =>
      catalogue.text('time', { date: date.format(instant), time: time.format(instant), zone: zone(instant) }),
  };
}

function knownZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return timeZone;
  } catch {
    return 'UTC';
  }
}
