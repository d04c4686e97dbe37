import { isIP } from 'node:net';

import type { FastifyRequest } from 'fastify';

const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The client's address in the one form that limits, log and audit trail use. `request.ip` is the
 * right-most hop that is no trusted proxy (ASVS V4.1.3), as that proxy wrote it: when it is no
 * address, the proxy itself stands for the client. Null when the connection is gone already.
 */
export function clientAddress({ ip, socket }: FastifyRequest): string | null {
  return plainAddress(ip) ?? plainAddress(socket.remoteAddress);
}

/** Without zone (`fe80::1%eth0`), and IPv4 that came over an IPv6 socket as IPv4. */
export function plainAddress(text = ''): string | null {
  if (isIP(text) === 0) return null;
  const [address = ''] = text.split('%');
  return mappedIpv4.exec(address)?.[1] ?? address;
}
