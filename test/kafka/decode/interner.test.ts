import { describe, expect, it } from '@jest/globals';
import { Interner } from '../../../src/kafka/decode/interner.js';

const within = (interner: Interner, text: string): string => {
  const bytes = Buffer.from(`<${text}>`, 'utf8');
  return interner.texts[interner.numberOf(bytes, 1, bytes.length - 1)] ?? 'unknown';
};

describe('strings by their bytes', () => {
  it('are what the bytes say, however many there are and in whatever order they come', () => {
    const interner = new Interner();
    const texts = Array.from({ length: 20_000 }, (_, n) => `${'x'.repeat(n % 41)}-${n}`);
    for (const text of [...texts, ...texts.toReversed(), '', 'a', 'b', 'ab', 'ba']) {
      expect(within(interner, text)).toBe(text);
    }
  });

  it('have numbers anew when there were too many to remember, and are right again', () => {
    const interner = new Interner(30_000);
    expect(interner.forgetIfMany()).toBe(false);
    for (let n = 0; n < 30_000; n += 1) interner.numberOfText(`workspace-${n}`);
    expect(interner.forgetIfMany()).toBe(true);
    let wrong = 0;
    for (let n = 0; n < 40_000; n += 1) {
      const text = `workspace-${(n * 7) % 20_000}`;
      if (within(interner, text) !== text) wrong += 1;
    }
    expect(wrong).toBe(0);
    expect(interner.texts).toHaveLength(20_001);
    expect(interner.forgetIfMany()).toBe(false);
  });
});
