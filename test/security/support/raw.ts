import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** One HTTP answer as it came over the wire; names of headers in lower case. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Exchange {
  answers: RawAnswer[];
  /** Whether the server ended the connection by itself. */
  closed: boolean;
  durationMs: number;
}

/** A piece to send, or milliseconds to wait before the next. */
export type Piece = string | Buffer | number;

/**
 * Sends exact bytes to a port of this machine and reads what comes back, until the server closes
 * or says nothing for `quietMs`. Latin-1, so that a test decides about every byte.
 */
export async function exchange(
  port: number,
  pieces: Piece | readonly Piece[],
  { quietMs = 250, timeoutMs = 10_000 } = {},
): Promise<Exchange> {
  const started = performance.now();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  let closed = false;
  let lastByte = performance.now();
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    lastByte = performance.now();
  });
  socket.on('end', () => (closed = true));
  socket.on('error', () => (closed = true));
  socket.on('close', () => (closed = true));
  for (const piece of [pieces].flat()) {
    if (closed) break;
    if (typeof piece === 'number') await delay(piece);
    else socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  }
  const over = (): boolean =>
    closed ||
    performance.now() - started > timeoutMs ||
    (received !== '' && performance.now() - lastByte > quietMs);
  while (!over()) await delay(5);
  const durationMs = performance.now() - started;
  socket.destroy();
  return { answers: parseAnswers(received), closed, durationMs };
}

/** A request as text; `Host` is there unless `headers` has it in some form. */
export function requestText(
  line: string,
  headers: readonly string[] = [],
  body: string | Buffer = '',
): string {
  const host = headers.some((header) => /^host\s*:/i.test(header)) ? [] : ['Host: gatehouse'];
  return `${[line, ...host, ...headers].join('\r\n')}\r\n\r\n${body.toString('latin1')}`;
}

function parseAnswers(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  while (rest.startsWith('HTTP/1.1 ')) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) break;
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const status = Number(statusLine.slice(9, 12));
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    rest = rest.slice(headEnd + 4);
    if (status !== 100) answers.push({ status, headers, body: rest.slice(0, length) });
    rest = rest.slice(length);
  }
  return answers;
}
