import type { Socket } from 'node:net';

/** Connections whose request may take longer to arrive than Node is told. */
const paced = new WeakSet<Socket>();

/**
 * Takes the request that a connection is sending out of Node's limit for whole requests: the
 * caller sees to it that it arrives in time. Gives what puts it back.
 */
export function keepOwnPace(socket: Socket): () => void {
  paced.add(socket);
  return () => void paced.delete(socket);
}

export function hasOwnPace(socket: Socket): boolean {
  return paced.has(socket);
}
