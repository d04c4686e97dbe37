import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** PostgreSQL listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

/**
 * Below the range from which systems take the local ports of outgoing connections: those could
 * take ours during a restart, and a client that retries a closed port of that range can end up
 * connected to itself.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** The preferred port when it is free, otherwise another free one. */
export async function choosePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await tryPort(preferred)) !== undefined) return preferred;
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await tryPort(randomInt(FIRST_PORT, LAST_PORT));
    if (port !== undefined) return port;
  }
  return (await tryPort(0)) ?? randomInt(FIRST_PORT, LAST_PORT);
}

/** Listens for a moment; the port (the system's choice for 0), or undefined when taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
