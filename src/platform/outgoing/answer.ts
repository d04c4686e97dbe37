import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, Transform } from 'node:stream';

import { OutgoingError } from './outgoing-error.js';
import type { TimeLimit } from './time-limit.js';

/** @throws OutgoingError `too_long` */
export async function read(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      response.destroy();
      throw tooLong();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as it comes, not longer than it may be. When it is over, so is the time limit. */
export function capped(response: IncomingMessage, maxBytes: number, limit: TimeLimit): Readable {
  let left = maxBytes;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(tooLong());
      else done(null, chunk);
    },
  });
  // First, so that the reader of the body learns the reason and not how it took effect.
  limit.signal.addEventListener('abort', () => meter.destroy(limit.late), { once: true });
  return pipeline(response, meter, () => limit.end());
}

function tooLong(): OutgoingError {
  return new OutgoingError('too_long', 'The answer is too long');
}
