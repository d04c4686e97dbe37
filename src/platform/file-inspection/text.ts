import type { FileContent } from './file-content.js';
import { piecesOf } from './file-content.js';
import { rejected } from './rejection.js';

// eslint-disable-next-line no-control-regex -- they are what is refused
const controls = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/;
/** What a browser that guesses would take for a page or a picture with scripts. */
const markup =
  /^\s*(<!|<\?xml|<\?php|<(html|head|body|script|svg|iframe|math|xsl|xml|style|meta)\b)/i;

/**
 * Text has no signature: it is what decodes as UTF-8 without control characters, and does not
 * begin like a page or a script.
 * @throws AppError `files.type_not_allowed`
 */
export async function checkText(content: FileContent): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let begin = true;
  try {
    for await (const piece of piecesOf(content, 0, content.size)) {
      const text = decoder.decode(piece, { stream: true });
      if (controls.test(text)) throw new TypeError('control characters');
      if (begin && (markup.test(text) || text.startsWith('#!'))) throw new TypeError('markup');
      begin = false;
    }
    decoder.decode();
  } catch (error) {
    if ((error as Error).name !== 'TypeError') throw error; // what a decoder throws, too
    throw rejected('files.type_not_allowed', 'text', 'is not plain text in UTF-8');
  }
}
