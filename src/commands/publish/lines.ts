import { isUtf8 } from 'node:buffer';

/** The longest line that is read; Kafka's usual limit of a record lies just below. */
export const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;
const BOM = '\uFEFF';

/** A line with its number in the file (from 1), as text or with the reason why it has none. */
export type FileLine =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly problem: string };

/**
 * Splits bytes into lines, one list per chunk read, holding never more than a chunk and one line. Blank lines are left
 * out but numbered; CRLF, a byte order mark and a missing final newline are fine.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<FileLine[]> {
  const splitter = new Splitter();
  for await (const chunk of chunks) yield splitter.split(chunk);
  yield splitter.end();
}

class Splitter {
  private number = 0;
  private pieces: Buffer[] = [];
  private pieceBytes = 0;

  split(chunk: Buffer): FileLine[] {
    const lines: FileLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.hold(chunk.subarray(start, end));
      this.finish(lines);
      start = end + 1;
    }
    if (start < chunk.length) this.hold(chunk.subarray(start));
    return lines;
  }

  end(): FileLine[] {
    const lines: FileLine[] = [];
    if (this.pieceBytes > 0) this.finish(lines);
    return lines;
  }

  private hold(piece: Buffer): void {
    this.pieceBytes += piece.length;
    if (this.pieceBytes > MAX_LINE_BYTES) this.pieces = [];
    else this.pieces.push(piece);
  }

  private finish(lines: FileLine[]): void {
    const number = (this.number += 1);
    const tooLong = this.pieceBytes > MAX_LINE_BYTES;
    const [first] = this.pieces;
    const bytes = this.pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.pieces);
    this.pieces = [];
    this.pieceBytes = 0;
    if (tooLong) {
      lines.push({ number, problem: `longer than ${MAX_LINE_BYTES} bytes` });
    } else if (!isUtf8(bytes)) {
      lines.push({ number, problem: 'not valid UTF-8' });
    } else {
      const decoded = bytes.toString('utf8');
      const text = (number === 1 && decoded.startsWith(BOM) ? decoded.slice(1) : decoded).trim();
      if (text !== '') lines.push({ number, text });
    }
  }
}
