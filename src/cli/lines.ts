import type { ImportLine } from '../features/users/index.js';

const newline = 0x0a;

/**
 * Lines of UTF-8 text, one at a time; one of more than `maxBytes` comes as null, so that a file
 * without line ends fills no memory. Empty lines are left out.
 */
export async function* linesOf(
  input: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<ImportLine> {
  let rest: Buffer[] = [];
  let length = 0;
  let number = 0;
  const line = (): ImportLine | null => {
    number++;
    const text = length > maxBytes ? null : Buffer.concat(rest);
    rest = [];
    length = 0;
    return text && isBlank(text) ? null : { number, text };
  };
  for await (const chunk of input) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      const part = chunk.subarray(from, end === -1 ? undefined : end);
      length += part.length;
      if (length <= maxBytes) rest.push(part);
      if (end === -1) break;
      const complete = line();
      if (complete) yield complete;
      from = end + 1;
    }
  }
  const last = length > 0 ? line() : null;
  if (last) yield last;
}

/** Nothing but what JSON takes for white space. */
function isBlank(text: Buffer): boolean {
  return text.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
