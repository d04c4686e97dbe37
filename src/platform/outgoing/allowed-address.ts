import ipaddr from 'ipaddr.js';

export type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** All of IPv6 that is assigned for it (RFC 4291 section 2.4); `::7f00:1` carries 127.0.0.1. */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/** `10.0.0.0/8` or a single address. */
export function networkOf(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/**
 * Whether an outgoing request may go to this address: public unicast addresses, and the networks
 * that the operator allows. Addresses that carry an IPv4 one (mapped, 6to4, NAT64, Teredo) are
 * never public to us, so that none hides a private one (OWASP SSRF prevention; ASVS V1.3.6).
 */
export function mayReach(text: string, allowed: readonly Network[]): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text); // IPv4-mapped as IPv4
  const global = address.kind() === 'ipv4' || address.match(globalUnicast);
  if (global && address.range() === 'unicast') return true;
  return allowed.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  );
}
