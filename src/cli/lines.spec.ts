import { Readable } from 'node:stream';

import { linesOf } from './lines.js';

async function read(chunks: string[], maxBytes = 10): Promise<[number, string | null][]> {
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const lines: [number, string | null][] = [];
  for await (const { number, text } of linesOf(input, maxBytes)) {
    lines.push([number, text?.toString() ?? null]);
  }
  return lines;
}

describe('Lines of an import', () => {
  it.each<[string, string[], [number, string | null][]]>([
    ['nothing', [], []],
    ['one without end', ['a'], [[1, 'a']]],
    ['pieces of a line', ['a', 'b', 'c\n'], [[1, 'abc']]],
    [
      'lines of a piece',
      ['a\nb\r\nc'],
      [
        [1, 'a'],
        [2, 'b\r'],
        [3, 'c'],
      ],
    ],
    ['numbers that count empty lines', ['\n \t\r\n\na\n\n'], [[4, 'a']]],
    ['a character cut in two', ['é'], [[1, 'é']]],
    [
      'a line that is too long, and the next',
      ['x'.repeat(8), 'x'.repeat(8), '\nb\n'],
      [
        [1, null],
        [2, 'b'],
      ],
    ],
    ['a last line that is too long', ['x'.repeat(11)], [[1, null]]],
    ['a line as long as may be', ['x'.repeat(10)], [[1, 'x'.repeat(10)]]],
  ])('[ID-14] %s', async (_what, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines);
  });

  it('[ID-14] keeps nothing of a line without end', async () => {
    const chunk = 'x'.repeat(1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < 600; sent++) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        yield Buffer.from(chunk);
        await new Promise(setImmediate);
      }
    }
    for await (const { text } of linesOf(endless(), 1024)) expect(text).toBeNull();
    expect(most).toBeLessThan(300 * 1024 * 1024); // of 600; what is not kept waits to be collected
  });
});
