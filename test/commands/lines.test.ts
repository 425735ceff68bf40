import { describe, it, expect } from '@jest/globals';
import { Readable } from 'node:stream';
import { MAX_LINE_BYTES, readLines, type FileLine } from '../../src/commands/publish/lines.js';

async function linesOf(...chunks: (string | Buffer)[]): Promise<FileLine[]> {
  const lines: FileLine[] = [];
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  for await (const list of readLines(stream as AsyncIterable<Buffer>)) lines.push(...list);
  return lines;
}

describe('readLines', () => {
  it('numbers lines, skips blank ones, takes CRLF, BOM and a missing final newline', async () => {
    expect(await linesOf('\uFEFFone\r\n\n  \r\nfour\nfive')).toEqual([
      { number: 1, text: 'one' },
      { number: 4, text: 'four' },
      { number: 5, text: 'five' },
    ]);
    expect(await linesOf()).toEqual([]);
    expect(await linesOf('\n\n')).toEqual([]);
  });

  it('joins what lies across chunks, also inside a character', async () => {
    const bytes = Buffer.from('añb\nc');
    const pieces = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
    expect(await linesOf(...pieces)).toEqual([
      { number: 1, text: 'añb' },
      { number: 2, text: 'c' },
    ]);
  });

  it('reports what is not UTF-8 or too long and goes on', async () => {
    const half = 'x'.repeat(MAX_LINE_BYTES / 2);
    const lines = await linesOf(
      Buffer.from([0xc3, 0x28, 0x0a]),
      half,
      half,
      'x',
      'x\n',
      half,
      half,
      '\nend\n',
    );
    expect(lines.map((line) => ('text' in line ? line.text.length : line.problem))).toEqual([
      'not valid UTF-8',
      `longer than ${MAX_LINE_BYTES} bytes`,
      MAX_LINE_BYTES,
      3,
    ]);
    expect(lines.at(-1)).toEqual({ number: 4, text: 'end' });
  });
});
