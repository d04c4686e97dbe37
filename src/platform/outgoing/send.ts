import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';

/** Sends a request with its body; gives the answer when its headers are there. */
export function send(
  request: ClientRequest,
  body: string | Buffer | Readable | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays: a server that answers before it has read everything makes a second error.
    request.on('error', reject);
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('another protocol was offered'));
    });
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
      request.end(body);
    } else {
      pipeline(body, request, (error) => error && reject(error));
    }
  });
}
