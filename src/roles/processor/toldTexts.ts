import type { NewTexts } from './takenIn.js';

/** The texts that the reading thread has numbered, as far as it has told. */
export class ToldTexts {
  private texts: string[] = [];

  /** All that have a number now. What was taken in before keeps its own list when everything is numbered anew. */
  hear({ from, texts }: NewTexts): readonly string[] {
    if (from === 0) this.texts = [];
    for (const text of texts) this.texts.push(text);
    return this.texts;
  }
}
