/** Reads zigzag varints, and runs of bytes, one after the other. */
export class Varints {
  constructor(
    private readonly from: Buffer,
    public at: number,
  ) {}

  /** A whole number; NaN when the bytes end in it. */
  next(): number {
    const { from } = this;
    let byte = from[this.at] ?? -1;
    if (byte >= 0 && byte < 128) {
      this.at += 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
    let value = 0;
    for (let scale = 1; this.at < from.length; scale *= 128) {
      byte = from[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return Number.NaN;
  }

  /** The next bytes, as a view; null for a negative length. */
  bytes(length: number): Buffer | null {
    if (length < 0) return null;
    this.at += length;
    return this.from.subarray(this.at - length, this.at);
  }
}
