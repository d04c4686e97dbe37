import { isIPv6 } from 'node:net';

import ipaddr from 'ipaddr.js';

/** Translators put IPv4 clients into this network (RFC 6052): all of them are not one customer. */
const translated = ipaddr.parseCIDR('64:ff9b::/96');

/**
 * Who counts as one client. An IPv6 customer has a /64 at least and takes any address of it at
 * will (RFC 6177, RFC 8981), so that counting single addresses would limit nobody.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = ipaddr.parse(address.split('%', 1)[0]!) as ipaddr.IPv6;
  if (parsed.match(translated)) return parsed.toByteArray().slice(12).join('.');
  const network = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
