import type { MailInput, MailNotice } from '../../src/mail/render/notice.js';
import type { Sending } from '../../src/mail/render/message.js';

const HOUR_START = Date.UTC(2026, 4, 20, 9);

/** A warning at 80 % of the hourly chats of a fictional account in Berlin. */
export const hourly: MailInput = {
  notice: {
    notificationId: '6f1c2f8e-0d0b-5a55-9c1e-2f3a4b5c6d7e',
    kind: 'THRESHOLD_WARNING',
    rule: 'chats-per-hour',
    workspaceId: null,
    policyVersion: '2021-10-19',
    metric: 'chats',
    windowKind: 'hour',
    windowStart: HOUR_START,
    windowEnd: HOUR_START + 3_600_000,
    used: 1_600,
    limit: 2_000,
    level: 80,
    occurredAt: HOUR_START + 42 * 60_000,
  },
  account: {
    accountId: 'acc-1',
    company: 'Example Bakery',
    timeZone: 'Europe/Berlin',
    workspaces: [{ workspaceId: 'ws-1', name: 'Help desk' }],
  },
  to: { name: 'Ada Example', address: 'ada@example.com', locale: 'en' },
  others: [{ name: 'Ben Example', address: 'ben@example.com', locale: 'en' }],
};

export const sending: Sending = {
  from: { name: 'Fair Use', address: 'fair-use@example.com' },
  replyTo: null,
  date: Date.UTC(2026, 4, 20, 9, 43),
};

export const withNotice = (fields: Partial<MailNotice>, rest: Partial<MailInput> = {}): MailInput => ({
  ...hourly,
  ...rest,
  notice: { ...hourly.notice, ...fields },
});

export const monthly = withNotice({
  rule: 'sessions-per-month',
  metric: 'sessions',
  workspaceId: 'ws-1',
  windowKind: 'month',
  windowStart: Date.UTC(2026, 3, 30, 22),
  windowEnd: Date.UTC(2026, 4, 31, 22),
  used: 8_000,
  limit: 10_000,
});
