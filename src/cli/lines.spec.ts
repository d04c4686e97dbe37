import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

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
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    let most = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (let sent = 1; sent <= 200; sent++) {
        yield Buffer.from(chunk);
        if (sent % 40 > 0) continue;
        await new Promise(setImmediate);
        collectGarbage();
        collectGarbage(); // what the first one found is given back by the second
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
    }
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    for await (const { text } of linesOf(endless(), 1024)) expect(text).toBeNull();
    expect(most).toBeLessThan(20 * 1024 * 1024); // of 200
  });
});
