import { describe, expect, it } from '@jest/globals';
import { mailbox } from '../../../../src/domain/notices/delivery/mailbox.js';

describe('mailbox', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    [' ada@example.com ', 'ada@example.com'],
    ['Ada.L+fair-use@Mail.Example.COM', 'Ada.L+fair-use@Mail.Example.COM'],
    ["o'neil@example.com", "o'neil@example.com"],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ops@localhost', 'ops@localhost'],
  ])('takes %j', (raw, expected) => {
    expect(mailbox(raw)).toBe(expected);
  });

  it.each([
    '',
    '@',
    'ada',
    'ada@',
    '@example.com',
    'ada@example.com, eve@example.com',
    'ada@example.com,eve@example.com',
    'Ada <ada@example.com>',
    '<ada@example.com>',
    'ada@example.com>',
    'ada@example.com\r\nBcc: eve@example.com',
    'ada\n@example.com',
    'ada@exam\u0000ple.com',
    'ada@\u202eexample.com',
    'a da@example.com',
    'a@b@example.com',
    '"ada"@example.com',
    'ada..l@example.com',
    '.ada@example.com',
    'ada@example..com',
    'ada@-example.com',
    'ada@[127.0.0.1]',
    'ada@127.0.0.1',
    'ada@example.com/x',
    'ädä@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b.'.repeat(126)}com`,
  ])('refuses %j', (raw) => {
    expect(mailbox(raw)).toBeNull();
  });
});
