import { describe, expect, it } from '@jest/globals';
import { parseSender, replyAddress } from '../../src/mail/render/sender.js';

describe('parseSender', () => {
  it.each([
    ['fair-use@example.com', '', 'fair-use@example.com'],
    ['Fair Use <fair-use@example.com>', 'Fair Use', 'fair-use@example.com'],
    ['"Fair, Use" <fair-use@example.com>', 'Fair, Use', 'fair-use@example.com'],
    ['<fair-use@example.com>', '', 'fair-use@example.com'],
  ])('reads %j', (text, name, address) => {
    expect(parseSender(text)).toEqual({ name, address });
  });

  it.each([
    '',
    'fair-use',
    'a@example.com, b@example.com',
    'A <a@example.com>, B <b@example.com>',
    'A <a@b@c>',
  ])('refuses %j', (text) => {
    expect(() => parseSender(text)).toThrow(TypeError);
  });
});

describe('replyAddress', () => {
  it('carries the token as a plus address', () => {
    expect(replyAddress('team+x@example.com', 'id-1')).toBe('team+x+id-1@example.com');
  });
});
