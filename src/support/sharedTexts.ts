const MOST = 200_000;

/** Texts that come from outside again and again, each kept once: equal ones are then the same. */
export class SharedTexts {
  private readonly known = new Map<string, string>();

  of(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= MOST) this.known.clear();
    this.known.set(text, text);
    return text;
  }
}
