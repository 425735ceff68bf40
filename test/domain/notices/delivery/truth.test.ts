import { describe, expect, it } from '@jest/globals';
import { judgeBeforeSending, type UnsentNotice } from '../../../../src/domain/notices/delivery/truth.js';

const HOUR = 3_600_000;
const start = Date.UTC(2026, 4, 20, 9);
const monthEnd = Date.UTC(2026, 5, 1);
const hourly: UnsentNotice = {
  kind: 'THRESHOLD_WARNING',
  status: 'PENDING',
  attempted: false,
  windowKind: 'hour',
  windowStart: start,
  windowEnd: start + HOUR,
};
const monthly: UnsentNotice = { ...hourly, windowKind: 'month', windowEnd: monthEnd };

describe('judgeBeforeSending', () => {
  it('mails a warning whose window is open', () => {
    expect(judgeBeforeSending(hourly, 'ACTIVE', start)).toEqual({ kind: 'mail' });
    expect(judgeBeforeSending(monthly, 'UNKNOWN', monthEnd - 1)).toEqual({ kind: 'mail' });
  });

  it('suppresses a monthly or yearly warning from the end of its window on', () => {
    const ended = { kind: 'suppress', reason: 'window-ended' };
    expect(judgeBeforeSending(monthly, 'ACTIVE', monthEnd)).toEqual(ended);
    expect(judgeBeforeSending({ ...monthly, windowKind: 'year' }, 'ACTIVE', monthEnd)).toEqual(ended);
  });

  it('suppresses an hourly warning 24 h after the end of its hour', () => {
    const end = start + HOUR;
    expect(judgeBeforeSending(hourly, 'ACTIVE', end + 24 * HOUR - 1)).toEqual({ kind: 'mail' });
    expect(judgeBeforeSending(hourly, 'ACTIVE', end + 24 * HOUR)).toEqual({
      kind: 'suppress',
      reason: 'window-ended',
    });
  });

  it('does not mail the warnings and invitations of suspended and closed accounts', () => {
    const suppressed = { kind: 'suppress', reason: 'account-not-active' };
    expect(judgeBeforeSending(hourly, 'SUSPENDED', start)).toEqual(suppressed);
    expect(judgeBeforeSending({ ...monthly, kind: 'UPGRADE_INVITATION' }, 'CLOSED', start)).toEqual(
      suppressed,
    );
  });

  it.each(['MEASURE_NOTICE', 'CORRECTION'] as const)(
    'mails a %s whatever the account and the time',
    (kind) => {
      expect(judgeBeforeSending({ ...monthly, kind }, 'CLOSED', monthEnd + HOUR)).toEqual({ kind: 'mail' });
    },
  );

  it('judges before the first attempt only', () => {
    const attempted = { ...monthly, attempted: true };
    expect(judgeBeforeSending(attempted, 'CLOSED', monthEnd + HOUR)).toEqual({ kind: 'mail' });
    expect(judgeBeforeSending({ ...attempted, status: 'SENT' }, 'ACTIVE', start)).toEqual({ kind: 'mail' });
  });

  it('cancels the deliveries of a notice that was cancelled or settled without them', () => {
    expect(judgeBeforeSending({ ...monthly, status: 'CANCELLED' }, 'ACTIVE', start)).toEqual({
      kind: 'cancel',
    });
    expect(judgeBeforeSending({ ...monthly, status: 'FAILED' }, 'ACTIVE', start)).toEqual({ kind: 'cancel' });
  });
});
