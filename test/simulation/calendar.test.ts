import { describe, expect, it } from '@jest/globals';
import { Calendar } from '../../src/simulation/truth/calendar.js';
import { at } from './logs.js';

const span = (calendar: Calendar, kind: 'hour' | 'month' | 'year', time: string) => {
  const { start, end } = calendar.window(kind, at(time));
  return [new Date(start).toISOString(), new Date(end).toISOString()];
};

describe('the calendar of an account', () => {
  it.each([
    ['UTC', null, '2026-05-31T23:59:59.999Z', '2026-05-01T00:00:00.000Z', '2026-06-01T00:00:00.000Z'],
    ['UTC', 31, '2026-02-28T12:00:00Z', '2026-02-28T00:00:00.000Z', '2026-03-31T00:00:00.000Z'],
    ['UTC', 31, '2026-02-27T23:59:59Z', '2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['UTC', 29, '2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z', '2028-03-29T00:00:00.000Z'],
    ['Asia/Kolkata', 15, '2026-05-14T18:30:00Z', '2026-05-14T18:30:00.000Z', '2026-06-14T18:30:00.000Z'],
    ['Asia/Kathmandu', null, '2026-05-20T00:00:00Z', '2026-04-30T18:15:00.000Z', '2026-05-31T18:15:00.000Z'],
    ['Europe/Lisbon', null, '2026-03-29T12:00:00Z', '2026-03-01T00:00:00.000Z', '2026-03-31T23:00:00.000Z'],
    ['Pacific/Chatham', null, '2026-04-10T00:00:00Z', '2026-03-31T10:15:00.000Z', '2026-04-30T11:15:00.000Z'],
    // Midnight of 4 November 2018 is missing: that day began at 01:00, 03:00 UTC.
    ['America/Sao_Paulo', 4, '2018-11-04T03:00:00Z', '2018-11-04T03:00:00.000Z', '2018-12-04T02:00:00.000Z'],
  ])('%s from day %j: the month of %s', (zone, anchor, time, start, end) => {
    expect(span(new Calendar(zone, anchor), 'month', time)).toEqual([start, end]);
  });

  it('has years in the zone and hours in UTC', () => {
    const calendar = new Calendar('Asia/Kolkata', 15);
    expect(span(calendar, 'year', '2026-12-31T18:30:00Z')).toEqual([
      '2026-12-31T18:30:00.000Z',
      '2027-12-31T18:30:00.000Z',
    ]);
    expect(span(calendar, 'hour', '2026-05-20T10:59:59Z')[0]).toBe('2026-05-20T10:00:00.000Z');
  });

  it('changes at the end of the window that is open', () => {
    const calendar = new Calendar('UTC', null);
    calendar.change(at('2026-05-20T10:00:00Z'), 'Asia/Kolkata', 15);
    expect(span(calendar, 'month', '2026-05-20T11:00:00Z')[1]).toBe('2026-06-01T00:00:00.000Z');
    expect(span(calendar, 'month', '2026-06-10T00:00:00Z')).toEqual([
      '2026-06-01T00:00:00.000Z',
      '2026-06-14T18:30:00.000Z',
    ]);
    expect(span(calendar, 'year', '2027-06-10T00:00:00Z')).toEqual([
      '2027-01-01T00:00:00.000Z',
      '2027-12-31T18:30:00.000Z',
    ]);
    calendar.change(at('2026-05-21T10:00:00Z'), 'UTC', null);
    expect(span(calendar, 'month', '2026-06-10T00:00:00Z')[1]).toBe('2026-07-01T00:00:00.000Z');
  });
});
