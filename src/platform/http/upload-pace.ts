import type { IncomingMessage } from 'node:http';

import { AppError } from '../errors/app-error.js';
import { keepOwnPace } from './own-pace.js';

/** Slower clients hold a place for nothing (PE-08); a slow phone sends eight times as much. */
const leastBytesPerSecond = 16_384;
/** What a refused client sends still is thrown away for so long, so that it can read the answer. */
const patienceMs = 5_000;

/**
 * Fails an upload that comes too slowly, or not at all. Gives what ends the watch; what has not
 * come by then is thrown away.
 */
export function watchPace(
  request: IncomingMessage,
  { pauseMs, totalMs }: { pauseMs: number; totalMs: number },
  fail: (error: AppError) => void,
): () => void {
  const { socket } = request;
  const release = keepOwnPace(socket);
  const late = (): void =>
    fail(new AppError('http.request_timeout', { headers: { connection: 'close' } }));
  let before = socket.bytesRead;
  const rounds = setInterval(() => {
    if (socket.bytesRead - before < (leastBytesPerSecond * pauseMs) / 1_000) late();
    before = socket.bytesRead;
  }, pauseMs);
  const end = setTimeout(late, totalMs);
  return () => {
    clearInterval(rounds);
    clearTimeout(end);
    if (hasArrived(request)) release();
    else discardRest(request, release);
  };
}

function discardRest(request: IncomingMessage, release: () => void): void {
  const timer = setTimeout(() => request.socket.destroy(), patienceMs).unref();
  request.once('close', () => {
    clearTimeout(timer);
    release();
  });
  request.resume();
}

/** Whether all of it has come from the client. */
export function hasArrived(request: IncomingMessage): boolean {
  return request.complete || request.readableEnded;
}
