import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A reader that takes less than this of a waiting answer in the given time does not read. */
const leastBytes = 4_096;

interface Progress {
  /** How much had been taken when it last got on. */
  taken: number;
  /** Looks since then. */
  rounds: number;
}

/**
 * Hangs up on clients that ask and do not read: their answers wait in our memory. Node's timeout
 * takes any trickle for life.
 * @param withinMs a reader may stand still, or crawl, for so long
 */
export function cutSlowReaders(server: Server, withinMs: number): void {
  const everyMs = Math.min(1_000, withinMs / 4);
  const patience = Math.floor(withinMs / everyMs) - 1; // found late by up to one round
  const connections = new Map<Socket, Progress>();
  server.on('connection', (socket: Socket) => {
    connections.set(socket, { taken: 0, rounds: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  const timer = setInterval(() => {
    for (const [socket, progress] of connections) {
      if (roundsWithoutProgress(socket, progress) >= patience) socket.destroy();
    }
  }, everyMs).unref();
  server.once('close', () => clearInterval(timer));
}

function roundsWithoutProgress(socket: Socket, progress: Progress): number {
  const taken = socket.bytesWritten - inKernelQueue(socket);
  if (socket.writableLength === 0 || taken - progress.taken >= leastBytes) {
    progress.taken = taken;
    progress.rounds = 0;
  } else {
    progress.rounds += 1;
  }
  return progress.rounds;
}

/**
 * What was given to the system and not taken by it: `bytesWritten` counts it as written. Node's
 * own timeout looks here as well; there is no public name for it.
 */
function inKernelQueue(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
