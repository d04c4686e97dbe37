import type { FastifyRequest } from 'fastify';

import { clientAddress } from './client-address.js';

const addressOf = (ip: string, remoteAddress?: string): string | null =>
  clientAddress({ ip, socket: { remoteAddress } } as FastifyRequest);

describe('Client address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('[PE-01] takes %s as %s', (ip, address) => {
    expect(addressOf(ip, '10.0.0.1')).toBe(address);
  });

  it.each(['', 'unknown', '_hidden', '203.0.113.7:4711', '[2001:db8::1]', "1' OR '1'='1", '1.2.3'])(
    '[V4.1.3] takes the proxy for the client when it wrote %j',
    (ip) => {
      expect(addressOf(ip, '::ffff:10.0.0.1')).toBe('10.0.0.1');
      expect(addressOf(ip)).toBeNull();
    },
  );
});
