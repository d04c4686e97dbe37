import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { once } from 'node:events';

export type Verdict = { clean: true } | { clean: false; signature: string };

/** Nobody has said anything about the content: it is neither clean nor infected. */
export class ScannerError extends Error {}

const longestReply = 4_096;

/**
 * Sends content to clamd (INSTREAM, see clamd(8)): pieces with their length before them, then a
 * length of zero; the answer is one line.
 * @throws ScannerError for everything but a verdict
 */
export async function scanWithClamd(
  scanner: NetConnectOpts,
  content: AsyncIterable<Buffer>,
  timeoutMs: number,
): Promise<Verdict> {
  const socket = connect(scanner);
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    const reply = replyOf(socket);
    // It may answer, or hang up, before it has everything.
    const sent = send(socket, content);
    return verdictOf(await Promise.race([reply, sent.then(() => reply)]));
  } catch (error) {
    if (error instanceof ScannerError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ScannerError(`the scanner gave no verdict: ${code ?? message}`, { cause: error });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function send(socket: Socket, content: AsyncIterable<Buffer>): Promise<void> {
  await once(socket, 'connect');
  socket.write('zINSTREAM\0');
  for await (const piece of content) {
    if (socket.destroyed) return; // the reply, or its lack, says why
    const length = Buffer.alloc(4);
    length.writeUInt32BE(piece.length);
    socket.write(length);
    if (!socket.write(piece)) await drained(socket);
  }
  socket.write(Buffer.alloc(4));
}

/** Also when the socket closes: the answer, or its lack, says why. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      if (socket.destroyed) reject(new Error('hung up'));
      else resolve();
    };
    socket.once('drain', done).once('close', done);
  });
}

function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      reply += text;
      if (reply.includes('\0') || reply.length > longestReply) resolve(reply.split('\0', 1)[0]!);
    });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('hung up')));
  });
}

/** `stream: OK` or `stream: Name-Of-Signature FOUND`; anything else is no verdict. */
function verdictOf(reply: string): Verdict {
  if (reply === 'stream: OK') return { clean: true };
  const [, signature] = /^stream: ([\x21-\x7e]{1,200}) FOUND$/.exec(reply) ?? [];
  if (signature !== undefined) return { clean: false, signature };
  throw new ScannerError(`the scanner gave no verdict: ${reply.slice(0, 100)}`);
}
