import { describe, expect, it } from '@jest/globals';
import { Interner } from '../../../../src/kafka/decode/interner.js';
import { TextsToHand } from '../../../../src/roles/processor/reading/textsToHand.js';
import { ToldTexts } from '../../../../src/roles/processor/toldTexts.js';

describe('texts that one thread numbers and another knows by their numbers', () => {
  const numbered = (interner: Interner, texts: readonly string[]): number[] =>
    texts.map((text) => interner.numberOfText(text));

  /** Both ends; what is told comes as a copy. */
  function pair() {
    const interner = new Interner(1_000);
    const [toHand, told] = [new TextsToHand(interner), new ToldTexts()];
    return { interner, next: () => structuredClone(toHand.next()), told };
  }

  it('are told once, with the first intake that has them', () => {
    const { interner, next, told } = pair();
    const first = numbered(interner, ['a', 'b', 'a']);
    const list = told.hear(next());
    expect(first.map((n) => list[n])).toEqual(['a', 'b', 'a']);
    const second = numbered(interner, ['b', 'c']);
    const news = next();
    expect(news.texts).toEqual(['c']);
    const later = told.hear(news);
    expect(second.map((n) => later[n])).toEqual(['b', 'c']);
    expect(next().texts).toEqual([]);
  });

  it('keep their numbers in what is being counted while others begin anew, and have new ones after it', () => {
    const { interner, next, told } = pair();
    const texts = ['a', 'b', 'c'];
    const first = numbered(interner, texts);
    const counted = told.hear(next());
    expect(interner.forgetIfMany()).toBe(false);
    for (let n = 0; n < 1_000; n += 1) interner.numberOfText(String(n));
    const before = numbered(interner, ['900', 'c']);
    const many = told.hear(next());
    expect(before.map((n) => many[n])).toEqual(['900', 'c']);
    expect(interner.forgetIfMany()).toBe(true);
    expect(interner.forgetIfMany()).toBe(false);
    const second = numbered(interner, ['c', 'd', 'a']);
    expect(second).toEqual([1, 2, 3]);
    const news = next();
    expect(news.from).toBe(0);
    const list = told.hear(news);
    expect(second.map((n) => list[n])).toEqual(['c', 'd', 'a']);
    expect(before.map((n) => many[n])).toEqual(['900', 'c']);
    expect(first.map((n) => counted[n])).toEqual(texts);
    const third = numbered(interner, ['d', 'e']);
    const latest = told.hear(next());
    expect(third.map((n) => latest[n])).toEqual(['d', 'e']);
  });
});
