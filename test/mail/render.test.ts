import { describe, expect, it } from '@jest/globals';
import { simpleParser, type ParsedMail } from 'mailparser';
import { renderMessage } from '../../src/mail/render/message.js';
import type { MailInput } from '../../src/mail/render/notice.js';
import { hourly, monthly, sending, withNotice } from './fixtures.js';

interface Rendered extends Omit<ParsedMail, 'subject'> {
  readonly subject: string;
  readonly page: string;
  readonly plain: string;
}

async function render(input: MailInput): Promise<Rendered> {
  const { raw } = await renderMessage(input, sending);
  const mail = await simpleParser(raw);
  return {
    ...mail,
    subject: mail.subject ?? '',
    page: typeof mail.html === 'string' ? mail.html : '',
    plain: mail.text ?? '',
  };
}

/** What a reader sees of a page, on one line. */
function visible(page: string): string {
  const body = page.slice(page.indexOf('<h1'));
  const text = body.replace(/<[^>]*>/g, ' ').replace(/&nbsp;/g, ' ');
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text
    .replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => entities[name] ?? '')
    .replace(/\s+/g, ' ');
}

const yearly = withNotice({
  rule: 'upload-bytes-per-year',
  metric: 'upload_bytes',
  windowKind: 'year',
  windowStart: Date.UTC(2025, 11, 31, 23),
  windowEnd: Date.UTC(2026, 11, 31, 23),
  used: 8 * 1024 ** 3 + 300 * 1024 ** 2,
  limit: 10 * 1024 ** 3,
});
const kinds: [string, MailInput][] = [
  ['hourly warning', hourly],
  ['monthly warning', monthly],
  ['yearly warning', yearly],
  ['warning at the limit', withNotice({ level: 100, used: 2_000 })],
  [
    'invitation',
    {
      ...monthly,
      notice: { ...monthly.notice, kind: 'UPGRADE_INVITATION', level: 100, used: 100, limit: 100 },
    },
  ],
  [
    'measure notice',
    withNotice({
      kind: 'MEASURE_NOTICE',
      rule: 'no-resale',
      metric: null,
      windowKind: null,
      used: null,
      limit: null,
      level: null,
      windowStart: null,
      windowEnd: null,
    }),
  ],
  ['correction', withNotice({ kind: 'CORRECTION' })],
];

describe('every kind of notice', () => {
  it.each(kinds)('%s: reads as agreed', async (_, input) => {
    const mail = await render(input);
    expect(mail.subject).toMatchSnapshot();
    expect(mail.plain).toMatchSnapshot();
    expect(mail.page).toMatchSnapshot();
  });

  it.each(kinds)('%s: says the same in both parts', async (_, input) => {
    const { plain, page } = await render(input);
    const seen = visible(page).replaceAll(': ', ' ');
    const lines = plain
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('[') && line.trim() !== '--');
    for (const line of lines) expect(seen).toContain(line.replaceAll(': ', ' ').trim());
    expect(lines.length).toBeGreaterThan(8);
  });

  it.each(kinds)('%s: keeps the form', async (_, input) => {
    const { raw } = await renderMessage(input, sending);
    const { subject, page } = await render(input);
    expect(raw.length).toBeLessThan(100 * 1024);
    expect(subject.length).toBeLessThanOrEqual(70);
    expect(page).toMatch(/<html lang="en" dir="ltr">/);
    expect(page).not.toMatch(/<img|@import|url\(|https?:\/\/|<script|<link/);
    const tables = page.match(/<table[^>]*>/g) ?? [];
    expect(tables.filter((table) => !table.includes('role="presentation"'))).toHaveLength(1);
  });
});

describe('headers', () => {
  it('are those of the contract', async () => {
    const { headers, replyTo, messageId, date, from, to } = await render(hourly);
    const id = hourly.notice.notificationId;
    expect(headers.get('x-notification-id')).toBe(id);
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(replyTo?.value[0]?.address).toBe(`fair-use+${id}@example.com`);
    expect(messageId).toMatch(new RegExp(`^<${id}\\.[0-9a-f]{24}@example\\.com>$`));
    expect(date?.getTime()).toBe(sending.date);
    expect(from?.text).toBe('"Fair Use" <fair-use@example.com>');
    expect(to).toMatchObject({ value: [{ address: 'ada@example.com', name: 'Ada Example' }] });
    expect([...headers.keys()].some((name) => name.startsWith('list'))).toBe(false);
  });

  it('answers to the reply address where one is set', async () => {
    const { raw } = await renderMessage(hourly, { ...sending, replyTo: 'team@reply.example.com' });
    const mail = await simpleParser(raw);
    expect(mail.replyTo?.value[0]?.address).toBe(`team+${hourly.notice.notificationId}@reply.example.com`);
  });

  it('are the same bytes each time, and another message id for another address', async () => {
    const first = await renderMessage(hourly, sending);
    const again = await renderMessage(hourly, sending);
    const other = await renderMessage(
      { ...hourly, to: { ...hourly.to, address: 'ben@example.com' } },
      sending,
    );
    expect(again.raw.equals(first.raw)).toBe(true);
    expect(other.messageId).not.toBe(first.messageId);
  });
});

describe('a warning', () => {
  it('speaks of the limit as reached, never as approaching, once it is', async () => {
    for (const input of [withNotice({ level: 100, used: 2_000 }), withNotice({ level: 80, used: 2_100 })]) {
      const { subject, plain } = await render(input);
      expect(subject).toBe('100% of your hourly chat limit reached · Example Bakery');
      expect(plain).toContain('has reached its hourly chat limit');
      expect(`${subject} ${plain}`).not.toMatch(/approach|80%|Nothing has been limited/);
      expect(plain).toContain('Left: 0 chats');
    }
  });

  it("shows the account's local time and zone", async () => {
    const { plain } = await render({
      ...hourly,
      account: { ...hourly.account, timeZone: 'America/Sao_Paulo' },
    });
    expect(plain).toContain('Window: 20 May 2026, 06:00 to 07:00 (America/Sao Paulo, GMT-3)');
    expect(plain).toContain('Level reached: 20 May 2026, 06:42 (America/Sao Paulo, GMT-3)');
  });

  it('reads a zone that does not exist as UTC', async () => {
    const { plain } = await render({ ...hourly, account: { ...hourly.account, timeZone: 'Mars/Olympus' } });
    expect(plain).toContain('20 May 2026, 09:00 to 10:00 (UTC)');
  });

  it('names the workspace where the limit is one of a workspace, and the account by its id where it has no name', async () => {
    expect((await render(monthly)).subject).toBe('80% of your monthly session limit reached · Help desk');
    const unnamed = await render({ ...hourly, account: { ...hourly.account, company: null } });
    expect(unnamed.subject).toBe('80% of your hourly chat limit reached · account acc-1');
  });

  it('says who else got it', async () => {
    const person = (n: number) => ({
      name: n === 1 ? '' : `Person ${n}`,
      address: `p${n}@example.com`,
      locale: 'en',
    });
    const others = [1, 2, 3, 4, 5, 6, 7].map(person);
    const plain = async (count: number) =>
      (await render({ ...hourly, others: others.slice(0, count) })).plain;
    expect(await plain(0)).toContain('Nobody else got it.');
    expect(await plain(2)).toContain('It also went to p1@example.com and Person 2.');
    expect(await plain(7)).toContain('p1@example.com, Person 2, Person 3, Person 4, Person 5 and 2 more.');
  });

  it('writes in English where the language is not shipped', async () => {
    for (const locale of ['xx', '', 'en-AU', 'en_US', '../../etc/passwd', 'zh-Hant-TW']) {
      const mail = await render({ ...hourly, to: { ...hourly.to, locale } });
      expect(mail.subject).toBe('80% of your hourly chat limit reached · Example Bakery');
    }
  });

  it('fills the bar by the figure, and not beyond its end', async () => {
    expect((await render(hourly)).page).toContain('class="filled" width="80%"');
    expect((await render(withNotice({ used: 9_000, level: 100 }))).page).toContain(
      'class="filled" width="100%"',
    );
    expect((await render(withNotice({ used: 9_000, level: 100 }))).plain).toContain('450% of the limit used');
  });
});

const hostile: [string, string][] = [
  ['HTML', '<script>alert(1)</script><img src=x onerror=alert(1)>"\'&amp;'],
  ['template code', '<%= process.env %>{limitName}${1}'],
  ['line breaks', 'Eve\r\nBcc: eve@example.com\r\n\r\nHello\u2028there\u0085\u0000'],
  ['direction overrides', 'Eve\u202etxt.exe\u202c\u2066\u200f\u061c'],
  ['200 characters', 'x'.repeat(200)],
  ['200 emoji', '👩‍👩‍👧‍👦'.repeat(200)],
  ['half a surrogate pair', 'a\ud83d'],
  ['right-to-left', 'شركة المثال'],
  ['nothing', ' \t '],
];

describe('a hostile name', () => {
  it.each(hostile)('of %s is text everywhere', async (_, name) => {
    const mail = await render({
      ...monthly,
      account: { ...hourly.account, company: name, workspaces: [{ workspaceId: 'ws-1', name }] },
      to: { ...hourly.to, name },
      others: [{ name, address: 'ben@example.com', locale: 'en' }],
    });
    const everything = `${mail.subject}${mail.plain}${mail.page}`;
    expect(mail.page).not.toMatch(/<script|<img/);
    expect(everything).not.toMatch(/[\u2028\u202a-\u202e\u2066-\u2069\u200f\u061c\u0000]/);
    expect(mail.subject.length).toBeLessThanOrEqual(70);
    expect(mail.subject).toMatch(/^80% of your monthly session limit reached · \S/);
    expect(mail.headers.has('bcc')).toBe(false);
    expect(mail.to).toMatchObject({ value: [{ address: 'ada@example.com' }] });
    expect(Array.isArray(mail.to) ? mail.to.length : mail.to?.value.length).toBe(1);
    expect(mail.plain).not.toMatch(/^Bcc/m);
  });

  it('shows its characters escaped', async () => {
    const { page, plain } = await render({
      ...hourly,
      account: { ...hourly.account, company: '<b>&"Bakery"' },
    });
    expect(page).toContain('&lt;b&gt;&amp;&quot;Bakery&quot; has reached');
    expect(plain).toContain('<b>&"Bakery" has reached');
  });

  it('is cut between what a reader sees as characters', async () => {
    const family = '👩‍👩‍👧‍👦';
    const { subject } = await render({
      ...hourly,
      account: { ...hourly.account, company: family.repeat(9) },
    });
    expect(subject).toBe(`80% of your hourly chat limit reached · ${family.repeat(2)}…`);
  });
});
