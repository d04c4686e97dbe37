import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Networks that somebody configured: addresses, and ranges like `10.0.0.0/8`. */
export class Networks {
  private readonly networks: readonly Network[];

  constructor(entries: readonly string[]) {
    this.networks = entries.map(parsed);
  }

  /** Whether a client's network, as `networkOf` names it, lies in one of these; no name does. */
  contain(network: string): boolean {
    const [address = ''] = network.split('/', 1);
    if (isIP(address) === 0) return network === 'gone';
    const client = ipaddr.process(address);
    return this.networks.some(([range, bits]) => {
      if (range.kind() !== client.kind()) return false;
      return client.match(range, client.kind() === 'ipv6' ? Math.min(bits, 64) : bits);
    });
  }
}

function parsed(entry: string): Network {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
