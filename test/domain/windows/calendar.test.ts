import { describe, expect, it } from '@jest/globals';
import {
  isValidZone,
  newCalendar,
  windowAt,
  withSettings,
  type Calendar,
} from '../../../src/domain/windows/calendar.js';

const DAY = 86_400_000;
const utc = (text: string) => Date.parse(`${text}${text.includes('T') ? 'Z' : 'T00:00:00Z'}`);
const iso = ({ start, end }: { start: number; end: number }) =>
  [start, end].map((instant) => new Date(instant).toISOString().replace(/:00\.000Z$/, ''));

function monthAt(zone: string, anchorDay: number | null, instant: string) {
  return iso(windowAt(newCalendar(zone, anchorDay), 'month', utc(instant)).window);
}

describe('a month', () => {
  it.each([
    // zone, anchor, instant, start, end (UTC)
    ['UTC', null, '2023-12-31T23:59:59.999', '2023-12-01T00:00', '2024-01-01T00:00'],
    ['UTC', null, '2024-01-01', '2024-01-01T00:00', '2024-02-01T00:00'],
    ['UTC', 1, '2024-02-29T23:59', '2024-02-01T00:00', '2024-03-01T00:00'],
    ['UTC', 15, '2024-01-14T23:59', '2023-12-15T00:00', '2024-01-15T00:00'],
    ['UTC', 15, '2024-01-15', '2024-01-15T00:00', '2024-02-15T00:00'],
    // Anchors that most months do not have: always from the anchor, 31 → 28 → 31.
    ['UTC', 29, '2023-02-28', '2023-02-28T00:00', '2023-03-29T00:00'],
    ['UTC', 29, '2024-02-28', '2024-01-29T00:00', '2024-02-29T00:00'],
    ['UTC', 30, '2023-02-28', '2023-02-28T00:00', '2023-03-30T00:00'],
    ['UTC', 30, '2024-02-29', '2024-02-29T00:00', '2024-03-30T00:00'],
    ['UTC', 31, '2023-01-31', '2023-01-31T00:00', '2023-02-28T00:00'],
    ['UTC', 31, '2023-02-28', '2023-02-28T00:00', '2023-03-31T00:00'],
    ['UTC', 31, '2023-03-31', '2023-03-31T00:00', '2023-04-30T00:00'],
    ['UTC', 31, '2023-12-30T23:59', '2023-11-30T00:00', '2023-12-31T00:00'],
    // Days on which clocks change.
    ['Europe/Berlin', null, '2024-03-31T12:00', '2024-02-29T23:00', '2024-03-31T22:00'],
    ['Europe/Berlin', 31, '2024-03-31T12:00', '2024-03-30T23:00', '2024-04-29T22:00'],
    ['America/New_York', null, '2024-11-15', '2024-11-01T04:00', '2024-12-01T05:00'],
    // Offsets of half and quarter hours.
    ['Asia/Kolkata', null, '2024-01-31T18:29', '2023-12-31T18:30', '2024-01-31T18:30'],
    ['Asia/Kolkata', null, '2024-01-31T18:30', '2024-01-31T18:30', '2024-02-29T18:30'],
    ['Asia/Kathmandu', null, '2024-06-10', '2024-05-31T18:15', '2024-06-30T18:15'],
    ['Australia/Lord_Howe', null, '2024-04-03', '2024-03-31T13:00', '2024-04-30T13:30'],
    ['Pacific/Chatham', null, '2024-09-30T12:00', '2024-09-30T10:15', '2024-10-31T10:15'],
    ['Pacific/Kiritimati', null, '2024-01-31T10:00', '2024-01-31T10:00', '2024-02-29T10:00'],
    // Midnight happens twice: the first one counts.
    ['America/Havana', 3, '2024-11-03T04:00', '2024-11-03T04:00', '2024-12-03T05:00'],
    ['America/St_Johns', 7, '2010-11-07T02:30', '2010-11-07T02:30', '2010-12-07T03:30'],
    // The clock is back on the 6th for a minute: the window has begun all the same.
    ['America/St_Johns', 7, '2010-11-07T02:31', '2010-11-07T02:30', '2010-12-07T03:30'],
    ['America/St_Johns', 7, '2010-11-07T02:29', '2010-10-07T02:30', '2010-11-07T02:30'],
    ['America/St_Johns', null, '2009-11-01T02:31', '2009-11-01T02:30', '2009-12-01T03:30'],
    // Midnight does not happen: the day begins at 01:00.
    ['America/Sao_Paulo', 4, '2018-11-04T03:00', '2018-11-04T03:00', '2018-12-04T02:00'],
    ['America/Sao_Paulo', 4, '2018-11-04T02:59', '2018-10-04T03:00', '2018-11-04T03:00'],
    // The day does not happen: Apia went from the 29th to the 31st.
    ['Pacific/Apia', 30, '2011-12-30T10:00', '2011-12-30T10:00', '2012-01-29T10:00'],
    ['Pacific/Apia', 31, '2011-12-30T10:00', '2011-12-30T10:00', '2012-01-30T10:00'],
    ['Pacific/Apia', 30, '2011-12-30T09:59', '2011-11-30T10:00', '2011-12-30T10:00'],
    // Clocks go back for Ramadan.
    ['Africa/Casablanca', null, '2024-03-20', '2024-02-29T23:00', '2024-04-01T00:00'],
    ['Africa/Casablanca', null, '2024-04-20', '2024-04-01T00:00', '2024-04-30T23:00'],
  ])('in %s, anchor %p, at %s is %s to %s', (zone, anchor, instant, start, end) => {
    expect(monthAt(zone, anchor, instant)).toEqual([start, end]);
  });
});

describe('a year', () => {
  it.each([
    ['UTC', '2024-12-31T23:59', '2024-01-01T00:00', '2025-01-01T00:00'],
    ['Pacific/Apia', '2011-12-30T10:00', '2011-01-01T10:00', '2011-12-31T10:00'],
    ['Asia/Kathmandu', '2023-12-31T18:15', '2023-12-31T18:15', '2024-12-31T18:15'],
    ['America/Caracas', '2016-01-01T04:29', '2015-01-01T04:30', '2016-01-01T04:30'],
    ['America/Caracas', '2016-01-01T04:30', '2016-01-01T04:30', '2017-01-01T04:00'],
  ])('in %s at %s is %s to %s, whatever the anchor', (zone, instant, start, end) => {
    for (const anchor of [null, 31]) {
      expect(iso(windowAt(newCalendar(zone, anchor), 'year', utc(instant)).window)).toEqual([start, end]);
    }
  });
});

describe('a calendar', () => {
  it('opens nothing for an instant in a window that is open, and returns itself', () => {
    const { window, calendar } = windowAt(newCalendar('Europe/Berlin', 31), 'month', utc('2024-02-10'));
    for (const instant of [window.start, window.end - 1]) {
      const again = windowAt(calendar, 'month', instant);
      expect(again.calendar).toBe(calendar);
      expect(again.window).toBe(window);
    }
    expect(windowAt(calendar, 'month', window.end).calendar).not.toBe(calendar);
    expect(windowAt(calendar, 'month', window.start - 1).calendar).not.toBe(calendar);
  });

  it('finds any of many open windows without opening more', () => {
    let calendar = newCalendar('UTC', null);
    for (const instant of ['2020-01-05', '2029-12-05'])
      ({ calendar } = windowAt(calendar, 'month', utc(instant)));
    expect(calendar.months).toHaveLength(120);
    for (const window of calendar.months) {
      for (const instant of [window.start, window.start + 10 * DAY, window.end - 1]) {
        const found = windowAt(calendar, 'month', instant);
        expect(found.window).toBe(window);
        expect(found.calendar).toBe(calendar);
      }
    }
  });

  it('keeps what was opened though the zone data has changed, and opens no window of an hour', () => {
    // As if opened when the zone's data put every boundary an hour later, or earlier, than today's.
    for (const skew of [-3_600_000, 3_600_000]) {
      const months = [{ start: utc('2024-03-01') + skew, end: utc('2024-04-01') + skew }];
      const years = [{ start: utc('2024-01-01') + skew, end: utc('2025-01-01') + skew }];
      const old: Calendar = { ...newCalendar('UTC', null), months, years };
      const later = windowAt(old, 'month', utc('2024-04-20'));
      expect(later.calendar.months).toEqual([...months, { start: months[0]!.end, end: utc('2024-05-01') }]);
      const earlier = windowAt(old, 'month', utc('2024-02-10'));
      expect(earlier.calendar.months).toEqual([
        { start: utc('2024-02-01'), end: months[0]!.start },
        ...months,
      ]);
      expect(windowAt(old, 'year', utc('2025-06-01')).window).toEqual({
        start: years[0]!.end,
        end: utc('2026-01-01'),
      });
      expect(windowAt(old, 'year', utc('2023-06-01')).window).toEqual({
        start: utc('2023-01-01'),
        end: years[0]!.start,
      });
    }
  });

  // British Columbia and Alberta set no clock back in November 2026, which zone data of 2025 does not know.
  it.each([
    ['America/Vancouver', '2026-11-01T07:00', '2026-12-01T08:00', '2026-12-01T07:00'],
    ['America/Edmonton', '2026-11-01T06:00', '2026-12-01T07:00', '2026-12-01T06:00'],
  ])('of %s goes on after a process with other zone data, older or newer', (zone, start, older, newer) => {
    const own = (instant: string) => windowAt(newCalendar(zone, null), 'month', utc(instant)).window;
    expect([older, newer].map(utc)).toContain(own('2026-11-15').end);
    for (const end of [older, newer].map(utc)) {
      const months = [{ start: utc(start), end }];
      const opened: Calendar = { ...newCalendar(zone, null), months };
      expect(windowAt(opened, 'month', utc('2027-01-15')).calendar.months).toEqual([
        ...months,
        { start: end, end: own('2026-12-15').end },
        own('2027-01-15'),
      ]);
    }
  });

  it('survives JSON', () => {
    const { calendar } = windowAt(newCalendar('Asia/Kolkata', 31), 'month', utc('2024-02-10'));
    expect(JSON.parse(JSON.stringify(calendar))).toEqual(calendar);
  });

  it('refuses a zone and an anchor that do not exist', () => {
    expect(() => newCalendar('Mars/Olympus', null)).toThrow('unknown time zone: "Mars/Olympus"');
    for (const anchor of [0, 32, 1.5, Number.NaN])
      expect(() => newCalendar('UTC', anchor)).toThrow(RangeError);
    const calendar = newCalendar('UTC', null);
    expect(() => withSettings(calendar, 'Mars/Olympus', null, 0)).toThrow(RangeError);
    expect(() => withSettings(calendar, 'UTC', 32, 0)).toThrow(RangeError);
  });

  it('refuses an instant that no date has, instead of searching for ever', () => {
    expect(() => windowAt(newCalendar('UTC', null), 'month', Number.NaN)).toThrow(RangeError);
    expect(() => windowAt(newCalendar('UTC', null), 'month', 9e15)).toThrow(RangeError);
    const { calendar } = windowAt(newCalendar('UTC', null), 'month', 0);
    expect(() => windowAt(calendar, 'month', Number.NaN)).toThrow(RangeError);
  });
});

describe('new settings', () => {
  const opened = (zone: string, anchor: number | null, ...instants: string[]) =>
    instants.reduce(
      (calendar, instant) => {
        const { calendar: month } = windowAt(calendar, 'month', utc(instant));
        return windowAt(month, 'year', utc(instant)).calendar;
      },
      newCalendar(zone, anchor),
    );

  it('that are the old ones change nothing', () => {
    for (const calendar of [newCalendar('UTC', 5), opened('UTC', 5, '2024-03-10')]) {
      expect(withSettings(calendar, 'UTC', 5, utc('2024-06-01'))).toBe(calendar);
    }
  });

  it('run from the end of the open window to the first new boundary', () => {
    const calendar = withSettings(opened('UTC', null, '2024-03-10'), 'UTC', 15, utc('2024-03-20'));
    const later = windowAt(calendar, 'month', utc('2024-05-01')).calendar;
    expect(later.months.map(iso)).toEqual([
      ['2024-03-01T00:00', '2024-04-01T00:00'],
      ['2024-04-01T00:00', '2024-04-15T00:00'],
      ['2024-04-15T00:00', '2024-05-15T00:00'],
    ]);
  });

  it('may make the next window as short as the zones are apart', () => {
    const calendar = withSettings(opened('Asia/Tokyo', null, '2024-03-10'), 'UTC', null, utc('2024-03-20'));
    const later = windowAt(calendar, 'month', utc('2024-04-02')).calendar;
    expect(later.months.map(iso)).toEqual([
      ['2024-02-29T15:00', '2024-03-31T15:00'],
      ['2024-03-31T15:00', '2024-04-01T00:00'],
      ['2024-04-01T00:00', '2024-05-01T00:00'],
    ]);
    expect(windowAt(later, 'year', utc('2025-01-01')).calendar.years.map(iso)).toEqual([
      ['2023-12-31T15:00', '2024-12-31T15:00'],
      ['2024-12-31T15:00', '2025-01-01T00:00'],
      ['2025-01-01T00:00', '2026-01-01T00:00'],
    ]);
  });

  it('that fall on an old boundary lose no window', () => {
    const calendar = withSettings(opened('UTC', 1, '2024-03-10'), 'UTC', null, utc('2024-03-20'));
    expect(iso(windowAt(calendar, 'month', utc('2024-04-01')).window)).toEqual([
      '2024-04-01T00:00',
      '2024-05-01T00:00',
    ]);
  });

  it('wait for the last opened window when events had come early', () => {
    const calendar = withSettings(
      opened('UTC', null, '2024-03-31', '2024-04-01'),
      'UTC',
      15,
      utc('2024-03-31T23:59'),
    );
    expect(iso(windowAt(calendar, 'month', utc('2024-05-02')).window)).toEqual([
      '2024-05-01T00:00',
      '2024-05-15T00:00',
    ]);
  });

  it('open the windows up to their arrival by the old settings', () => {
    const calendar = withSettings(opened('UTC', null, '2024-01-10'), 'UTC', 15, utc('2024-03-20'));
    expect(calendar.months.map(iso)).toEqual([
      ['2024-01-01T00:00', '2024-02-01T00:00'],
      ['2024-02-01T00:00', '2024-03-01T00:00'],
      ['2024-03-01T00:00', '2024-04-01T00:00'],
    ]);
  });

  it('of a calendar with nothing opened begin after the window of the old ones', () => {
    const calendar = withSettings(newCalendar('UTC', 15), 'Asia/Tokyo', null, utc('2024-03-20'));
    expect(calendar.months.map(iso)).toEqual([['2024-03-15T00:00', '2024-04-15T00:00']]);
    expect(calendar.years.map(iso)).toEqual([['2024-01-01T00:00', '2025-01-01T00:00']]);
  });

  it('that come at the very end of a window wait for the next one’s end', () => {
    const calendar = withSettings(opened('UTC', null, '2024-03-10'), 'UTC', 15, utc('2024-04-01'));
    expect(calendar.months.map(iso).at(-1)).toEqual(['2024-04-01T00:00', '2024-05-01T00:00']);
  });

  it('leave the years alone when only the anchor changes', () => {
    const before = opened('UTC', null, '2024-03-10');
    const calendar = withSettings(before, 'UTC', 15, utc('2024-03-20'));
    expect(calendar.years).toBe(before.years);
    expect(iso(windowAt(calendar, 'year', utc('2025-03-20')).window)).toEqual([
      '2025-01-01T00:00',
      '2026-01-01T00:00',
    ]);
  });

  it('that replace each other before they began leave no trace', () => {
    const before = opened('UTC', null, '2024-03-10');
    const there = withSettings(before, 'Asia/Tokyo', 15, utc('2024-03-20'));
    const back = withSettings(there, 'UTC', null, utc('2024-03-21'));
    expect(windowAt(back, 'month', utc('2024-05-05')).calendar.months).toEqual(
      windowAt(before, 'month', utc('2024-05-05')).calendar.months,
    );
  });

  it('do not touch the windows before the first, which follow the first settings', () => {
    const calendar = withSettings(opened('UTC', 10, '2024-03-12'), 'Asia/Tokyo', 20, utc('2024-03-20'));
    expect(iso(windowAt(calendar, 'month', utc('2024-01-15')).window)).toEqual([
      '2024-01-10T00:00',
      '2024-02-10T00:00',
    ]);
    expect(iso(windowAt(calendar, 'year', utc('2023-01-15')).window)).toEqual([
      '2023-01-01T00:00',
      '2024-01-01T00:00',
    ]);
  });

  it('taken before the first window wait for the last one opened', () => {
    const before = opened('UTC', null, '2024-03-10');
    const calendar = withSettings(before, 'UTC', 15, utc('2023-01-01'));
    expect(calendar.months).toBe(before.months);
  });
});

describe('a zone', () => {
  it.each([
    'UTC',
    'Etc/UTC',
    'GMT',
    'Etc/GMT+12',
    'Europe/Berlin',
    'Asia/Calcutta',
    'America/Argentina/Buenos_Aires',
    'Asia/Kathmandu',
  ])('%s is valid', (zone) => expect(isValidZone(zone)).toBe(true));

  it.each([
    '',
    ' ',
    'Mars/Olympus',
    'Europe',
    '+02:00',
    '-0500',
    'Europe/Berlin ',
    'UTC[u-ca=gregory]',
    '2024-01-01T00:00[UTC]',
    'Europe/\u0000Berlin',
    'x'.repeat(10_000),
  ])('%j is not', (zone) => expect(isValidZone(zone)).toBe(false));
});
