import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { METRICS } from '../../../src/domain/counting/usageColumns.js';
import type { Metric } from '../../../src/domain/policy/policy.js';
import { idHash } from '../../../src/kafka/decode/countedId.js';

const UUID = '0190b5e2-7c1d-7a3f-9e58-ab0123456789';
const remembered = (id: string, metric: Metric = 'chats'): string =>
  Buffer.from(idHash(Buffer.from(id), metric)).toString('hex');

/** The first 16 bytes of the SHA-256, with a version that no UUID has and the variant that all have. */
function hashed(id: string): string {
  const bytes = createHash('sha256').update(id).digest().subarray(0, 16);
  bytes[6] = 0xf0 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

describe('what an id is remembered by', () => {
  it('is itself where it is the UUID of a chat', () => {
    expect(remembered(UUID)).toBe(UUID.replaceAll('-', ''));
  });

  it('is a hash of every other id, whatever looks like a UUID among them', () => {
    const others = [
      'c1',
      UUID.toUpperCase(),
      UUID.replaceAll('-', ''),
      UUID.replace('-', '_'),
      UUID.replace('-7a3f-', '-0a3f-'),
      UUID.replace('-7a3f-', '-9a3f-'),
      UUID.replace('-9e58-', '-1e58-'),
      UUID.replace('-9e58-', '-ce58-'),
      UUID.replace('-9e58-', '-fe58-'),
    ];
    for (const id of others) expect(remembered(id)).toBe(hashed(id));
  });

  it.each([UUID, 'c1'])('tells by two bits what is counted by it: %s', (id) => {
    const digit = parseInt(remembered(id).charAt(16), 16);
    const of = METRICS.map((metric) => remembered(id, metric));
    expect(of.map((hex) => parseInt(hex.charAt(16), 16) >> 2)).toEqual([2, 3, 0, 1]);
    for (const hex of of) {
      expect(parseInt(hex.charAt(16), 16) & 3).toBe(digit & 3);
      expect(hex.slice(0, 16) + hex.slice(17)).toBe(remembered(id).slice(0, 16) + remembered(id).slice(17));
    }
  });

  it('is never the same of two ids or two kinds', () => {
    const uuids = fc.oneof(fc.uuid(), fc.uuid({ version: 7 }));
    const texts = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(uuids, texts, (uuid, text) => {
        // The same but for the bits that tell the kind, and others that are hashed.
        const digits = ['0', '4', '8', 'c'].map((d) =>
          (Number.parseInt(d, 16) + (parseInt(uuid.charAt(19), 16) & 3)).toString(16),
        );
        const alike = digits.map((digit) => uuid.slice(0, 19) + digit + uuid.slice(20));
        const ids = [...new Set([...alike, uuid.toUpperCase(), text])];
        const all = ids.flatMap((id) => METRICS.map((metric) => remembered(id, metric)));
        expect(new Set(all).size).toBe(ids.length * METRICS.length);
      }),
    );
  });
});
