import type { Interner } from '../../../kafka/decode/interner.js';
import type { NewTexts } from '../takenIn.js';

/** Which texts of an interner the other thread has not been told yet. */
export class TextsToHand {
  private told = 0;
  private of: readonly string[] | null = null;

  constructor(private readonly interner: Interner) {}

  next(): NewTexts {
    const { texts } = this.interner;
    // Another list: all were forgotten and numbered anew.
    const from = texts === this.of ? this.told : 0;
    this.of = texts;
    this.told = texts.length;
    return { from, texts: texts.slice(from) };
  }
}
